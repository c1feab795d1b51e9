/**
 * The probes that a running process has loaded, and which of them a tracer has armed.
 *
 * A tracer arms a site by having the kernel write a breakpoint (or, on newer x86-64 kernels, a
 * call) over its instruction, in the process's private copy of the page. So a site is armed when
 * the process's bytes differ from the file's. A debugger's breakpoint looks the same.
 *
 * Nothing is written to the process and it isn't stopped; reading may make the kernel load the
 * site's page, no more.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { ElfError, ProcessError, elfErrorFrom, errnoOf, processErrorFrom } from './errors.js';
import { mappedFiles, openMappedFile, type MappedFile, type Mapping, type OpenMappedFile } from './maps.js';
import { readProbes, type ElfProbes, type Probe } from './notes.js';
import { requireLive } from './proc.js';
import type { OpenFile } from './source.js';

/** A probe site inside a process. */
export interface ProcessProbe extends Probe {
  /** Where the site is in the process; undefined if that part of the file isn't mapped executable. */
  readonly runtimeAddress: bigint | undefined;
  /** Whether a tracer is attached now. Undefined if we may not read the process's memory. */
  readonly armed: boolean | undefined;
}

/** A file that the process has mapped executable. */
export interface ProcessFile extends Omit<MappedFile, 'mappings'> {
  /** What to add to the file's addresses; 0 for a program at a fixed address. */
  readonly base: bigint | undefined;
  /** A path that opens it from outside while the process lives; undefined if `error` is set. */
  readonly hostPath: string | undefined;
  /** See OpenMappedFile. */
  readonly identity: OpenMappedFile['identity'] | undefined;
  readonly buildId: string | undefined;
  readonly stripped: boolean;
  readonly probes: readonly ProcessProbe[];
  /** Why the file couldn't be read; `not-elf` is ordinary for code that a program made itself. */
  readonly error: ElfError | undefined;
}

/** What probesOfProcess found. */
export interface ProcessProbes {
  readonly pid: number;
  /** Every file mapped executable, with or without probes, in the order of addresses. */
  readonly files: readonly ProcessFile[];
}

/** Options of probesOfProcess. */
export interface ProcessOptions {
  /** Which files to read; all when not given. */
  readonly only?: (file: MappedFile) => boolean;
  /** Shared between calls, it saves reading a library again for every process that maps it. */
  readonly cache?: ProbeCache;
  /** Where /proc is mounted. */
  readonly proc?: string;
}

/** Probes already read, by the identity of the file. Make one with `new Map()`. */
export type ProbeCache = Map<string, ElfProbes | ElfError>;

/**
 * The probes of every file that a process has mapped executable.
 *
 * What can't be read of one file is told in its `error`, and the others are read all the same.
 * @throws ProcessError `gone` when there is no such process or it ended meanwhile,
 *   `no-permission`, `unavailable`
 */
export function probesOfProcess(pid: number, options: ProcessOptions = {}): ProcessProbes {
  const proc = options.proc ?? '/proc';
  const before = requireLive(pid, proc);
  const memory = new Memory(pid, proc);
  try {
    const wanted = mappedFiles(pid, proc).filter(options.only ?? (() => true));
    const files = wanted.map((mapped) => readMapped(pid, mapped, memory, options.cache, proc));
    // Half of an answer about a process that ended would look like a process without probes.
    if (requireLive(pid, proc).startTicks !== before.startTicks) {
      throw new ProcessError('gone', pid, 'expected one running process, but it ended and another took its number');
    }
    return { pid, files };
  } finally {
    memory.close();
  }
}

function readMapped(
  pid: number,
  mapped: MappedFile,
  memory: Memory,
  cache: ProbeCache | undefined,
  proc: string,
): ProcessFile {
  const { mappings, ...file } = mapped;
  let open: OpenMappedFile | undefined;
  try {
    open = openMappedFile(pid, mapped, proc);
    const { hostPath, identity } = open;
    const elf = cached(open.file, cache);
    const probes = elf.probes.map((probe) => inProcess(probe, elf, mappings, open!.file, memory));
    const { buildId, stripped } = elf;
    return {
      ...file,
      base: baseOf(elf, mappings),
      hostPath,
      identity,
      buildId,
      stripped,
      probes,
      error: undefined,
    };
  } catch (thrown) {
    return {
      ...file,
      base: undefined,
      hostPath: undefined,
      identity: undefined,
      buildId: undefined,
      stripped: false,
      probes: [],
      // Its message names the path inside the process, which is the one that the user knows.
      error: renamed(elfErrorFrom(thrown, mapped.path), mapped.path),
    };
  } finally {
    open?.file.close();
  }
}

function renamed(error: ElfError, path: string): ElfError {
  return new ElfError(error.code, path, error.detail, { cause: error });
}

function cached(file: OpenFile, cache: ProbeCache | undefined): ElfProbes {
  if (!cache) return readProbes(file);
  const { dev, ino, size, mtimeMs, ctimeMs } = file.stats;
  const key = [dev, ino, size, mtimeMs, ctimeMs].join(':');
  const known = cache.get(key);
  if (known instanceof ElfError) throw known;
  if (known) return known;
  try {
    const probes = readProbes(file);
    cache.set(key, probes);
    return probes;
  } catch (error) {
    if (error instanceof ElfError) cache.set(key, error);
    throw error;
  }
}

function inProcess(
  probe: Probe,
  elf: ElfProbes,
  mappings: readonly Mapping[],
  file: OpenFile,
  memory: Memory,
): ProcessProbe {
  if (probe.offset === undefined) return { ...probe, runtimeAddress: undefined, armed: undefined };
  const places = placesOf(probe.offset, mappings);
  return {
    ...probe,
    runtimeAddress: places[0],
    armed: armedAt(probe.offset, places, elf.machine, file, memory),
  };
}

/** Where a byte of the file is mapped: usually once; again for each namespace of dlmopen(3). */
function placesOf(offset: number, mappings: readonly Mapping[]): bigint[] {
  return mappings
    .map((mapping) => ({ mapping, at: mapping.start + BigInt(offset) - mapping.offset }))
    .filter(({ mapping, at }) => BigInt(offset) >= mapping.offset && at < mapping.end)
    .map(({ at }) => at);
}

function armedAt(
  offset: number,
  places: readonly bigint[],
  machine: number,
  file: OpenFile,
  memory: Memory,
): boolean | undefined {
  const length = instructionLength(machine);
  // A site in the last bytes of a file that was cut has nothing to be compared with.
  if (places.length === 0 || offset + length > file.size) return undefined;
  const original = file.read(offset, length);
  let known = false;
  for (const place of places) {
    const bytes = memory.read(place, length);
    if (!bytes) continue;
    if (!bytes.equals(original)) return true;
    known = true;
  }
  return known ? false : undefined;
}

/** How many bytes of the site the kernel replaces at least. */
function instructionLength(machine: number): number {
  switch (machine) {
    case 3: // i386
    case 62: // x86-64: `cc`, or `e8` for the optimised form
      return 1;
    case 22: // s390
    case 243: // RISC-V, whose instructions may be compressed
    case 40: // Arm, which may be in Thumb mode
      return 2;
    default:
      return 4;
  }
}

/** The load bias, from the first mapping that one of the file's loaded segments covers. */
function baseOf(elf: ElfProbes, mappings: readonly Mapping[]): bigint | undefined {
  for (const mapping of mappings) {
    for (const load of elf.segments) {
      if (!load.executable) continue;
      // A segment needn't start at a page; its mapping does. Pages are of up to 64 KiB (aarch64).
      const page = load.offset - (load.offset % 0x1_0000n);
      if (mapping.offset < page || mapping.offset >= load.offset + load.fileSize) continue;
      return mapping.start - (load.address + mapping.offset - load.offset);
    }
  }
  return undefined;
}

/** Reads another process's memory; opened at the first use, as most files have no probes. */
class Memory {
  private fd: number | undefined;
  private closed = false;

  constructor(
    private readonly pid: number,
    private readonly proc: string,
  ) {}

  /**
   * Undefined when we may not read, or when nothing is mapped there any more.
   * @throws ProcessError `gone`
   */
  read(address: bigint, length: number): Buffer | undefined {
    if (this.closed) return undefined;
    const bytes = Buffer.alloc(length);
    try {
      this.fd ??= openSync(`${this.proc}/${this.pid}/mem`, 'r');
      return readSync(this.fd, bytes, 0, length, address) === length ? bytes : undefined;
    } catch (error) {
      // Ask once: an answer that it's forbidden won't change for the next site.
      if (this.fd === undefined) this.closed = true;
      if (['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '')) throw processErrorFrom(error, this.pid);
      return undefined;
    }
  }

  close(): void {
    this.closed = true;
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}
