/**
 * Which files to attach to: a uprobe belongs to a file (inode), and each installation and container image has a copy of the
 * library of its own. So: the installed one, and each that a running process has mapped.
 *
 * A copy is opened once and named to bpftrace as /proc/SELF/fd/N from then on. That name has no special characters, and it
 * stays the same file when the process ends, the file is deleted, or an update puts another in its place.
 *
 * Owns: the open files, until `close`. Called by session.ts.
 */
import { closeSync, fstatSync, openSync, readdirSync } from 'node:fs';
import { ProcessError, ElfError, errnoOf } from '../elf/errors.js';
import { mappedFiles, openMappedFile, type MappedFile } from '../elf/maps.js';
import { readProbes } from '../elf/notes.js';
import { processLink, requireLive } from '../elf/proc.js';
import { probesOfProcess } from '../elf/process.js';
import { isLibrary } from '../elf/processes.js';
import { TracerError } from './errors.js';
import type { Copy } from './script.js';

/** A copy that is held open. */
export interface HeldCopy extends Copy {
  /** As seen by whoever has it: the installed path, or a process's own. */
  readonly origin: string;
  /** A path that opened it from outside; holds while the process that has mapped it lives. */
  readonly hostPath: string;
}

/** The copies found so far. */
export class Copies {
  readonly #fds: number[] = [];
  /** Identities already known, as /proc writes them and as stat does (they differ on some file systems). */
  readonly #known = new Set<string>();
  readonly #remarks: string[] = [];

  /** Opens a file, unless it is known. @returns the copy if it is new and has probes */
  add(path: string, origin = path): HeldCopy | undefined {
    const fd = openSync(path, 'r');
    const { dev, ino } = fstatSync(fd, { bigint: true });
    const key = `stat ${dev}:${ino}`;
    if (this.#known.has(key)) {
      closeSync(fd);
      return undefined;
    }
    this.#known.add(key);
    try {
      const probes = new Set(readProbes(fd).probes.map(({ provider, name }) => `${provider}:${name}`));
      this.#fds.push(fd);
      return { path: `/proc/${process.pid}/fd/${fd}`, origin, hostPath: path, probes };
    } catch (error) {
      closeSync(fd);
      if (!(error instanceof ElfError)) throw error;
      this.#remarks.push(`${origin}: ${error.detail}`);
      return undefined;
    }
  }

  /**
   * The copies that processes have mapped and that weren't known yet.
   * @param pids these, or all there are
   */
  scan(pids: Iterable<number> = allPids()): HeldCopy[] {
    const found: HeldCopy[] = [];
    for (const pid of pids) {
      for (const mapped of libraries(pid)) {
        const key = `maps ${mapped.device}:${mapped.inode}`;
        if (this.#known.has(key)) continue;
        this.#known.add(key);
        const copy = this.#addMapped(pid, mapped);
        if (copy) found.push(copy);
      }
    }
    return found;
  }

  #addMapped(pid: number, mapped: MappedFile): HeldCopy | undefined {
    try {
      const { file, hostPath } = openMappedFile(pid, mapped);
      try {
        return this.add(hostPath, mapped.path);
      } finally {
        file.close();
      }
    } catch (error) {
      // It ended meanwhile (then the file is asked for again when another maps it), or may not be read.
      if (errnoOf(error) === undefined && !(error instanceof ElfError)) throw error;
      this.#known.delete(`maps ${mapped.device}:${mapped.inode}`);
      return undefined;
    }
  }

  /** What couldn't be read since the last call. */
  takeRemarks(): string[] {
    return this.#remarks.splice(0);
  }

  close(): void {
    for (const fd of this.#fds.splice(0)) closeSync(fd);
  }
}

/** Copies of the library that a process has mapped; none when it has ended. */
function libraries(pid: number): MappedFile[] {
  try {
    return mappedFiles(pid).filter(isLibrary);
  } catch (error) {
    if (error instanceof ProcessError) return [];
    throw error;
  }
}

function allPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number);
}

/**
 * Fails unless the process lives and could be traced.
 * @throws ProcessError `gone`, `no-permission`; TracerError `not-loaded`
 */
export function requireTraceable(pid: number): void {
  requireLive(pid);
  if (mappedFiles(pid).some(isLibrary)) return;
  throw new TracerError(
    'not-loaded',
    `process ${pid} has not loaded polyprobe`,
    'a program that was started with it',
    "start it by 'polyprobe run -- COMMAND'; 'polyprobe ps' shows those that were",
  );
}

/** Whether a path means the same file to the process and to us. */
export function sharesRoot(pid: number): boolean {
  return ['ns/mnt', 'root'].every((link) => processLink(pid, link) === processLink(process.pid, link));
}

/** Whether any tracer has armed a site in the process; true where we may not know, or it has ended. */
export function isArmed(pid: number): boolean {
  try {
    const { files } = probesOfProcess(pid, { only: isLibrary });
    return files.some(({ probes }) => probes.some(({ armed }) => armed !== false));
  } catch (error) {
    if (error instanceof ProcessError) return true;
    throw error;
  }
}

/** A process by number and start: numbers are used again. */
export class Watched {
  readonly #started = new Map<number, bigint>();

  constructor(pids: readonly number[]) {
    for (const pid of pids) this.#started.set(pid, requireLive(pid).startTicks);
  }

  /** Those that still run. */
  alive(): number[] {
    for (const [pid, started] of this.#started) if (startOf(pid) !== started) this.#started.delete(pid);
    return [...this.#started.keys()];
  }

  /** Adds the children that the processes have now, and theirs. */
  addChildren(): void {
    const parents = new Map<number, number[]>();
    for (const pid of allPids()) {
      try {
        const { ppid } = requireLive(pid);
        parents.set(ppid, [...(parents.get(ppid) ?? []), pid]);
      } catch (error) {
        if (!(error instanceof ProcessError)) throw error;
      }
    }
    const todo = this.alive();
    for (const pid of todo) {
      for (const child of parents.get(pid) ?? []) {
        const started = startOf(child);
        if (started === undefined || this.#started.has(child)) continue;
        this.#started.set(child, started);
        todo.push(child);
      }
    }
  }
}

function startOf(pid: number): bigint | undefined {
  try {
    return requireLive(pid).startTicks;
  } catch (error) {
    if (error instanceof ProcessError) return undefined;
    throw error;
  }
}
