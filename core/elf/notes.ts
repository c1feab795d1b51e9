/**
 * Reads the USDT probes that a program or library declares, out of its `.note.stapsdt` notes.
 *
 * Owns what a note means; doesn't own processes (process.ts) or display (core/cli). Reads the
 * headers and the notes alone, whatever the size of the file, and reports anything unsound as an
 * ElfError.
 *
 * `.note.stapsdt` isn't loaded into memory, so normally no program header covers it: a file whose
 * section headers were stripped (sstrip, UPX) has usually lost its probes, though not its build id.
 * It is then read by its PT_NOTE segments, which finds probes only if the linker was told to load
 * them. `strip` keeps both the headers and the notes.
 */
import { parseArguments, type ProbeArgument } from './arguments.js';
import { ElfError, type ElfErrorCode } from './errors.js';
import {
  PT_LOAD,
  PT_NOTE,
  SHF_COMPRESSED,
  SHT_NOTE,
  readHeaders,
  readSection,
  type Headers,
  type Segment,
} from './headers.js';
import { openFile, type ByteSource, type FileLike } from './source.js';
import { decodeText } from './text.js';

/** One probe site. One probe may have many, each with its own arguments. */
export interface Probe {
  readonly provider: string;
  readonly name: string;
  /** The argument string as it stands in the note. */
  readonly arguments: string;
  readonly args: readonly ProbeArgument[];
  /** Of the site, as the file's symbols count: with the shift by `.stapsdt.base` applied. */
  readonly address: bigint;
  /** Of the site in the file, in bytes: what a uprobe takes. Undefined if nothing there is loaded. */
  readonly offset: number | undefined;
  /** Address of the 16-bit counter that a tracer raises, or 0: none. */
  readonly semaphore: bigint;
  /** Of the counter in the file, in bytes. Undefined if there is none. */
  readonly semaphoreOffset: number | undefined;
}

/** What a file declares. */
export interface ElfProbes {
  readonly class: 32 | 64;
  readonly littleEndian: boolean;
  /** `e_machine`: 62 is x86-64, 183 aarch64. */
  readonly machine: number;
  /** Lower-case hexadecimal. */
  readonly buildId: string | undefined;
  /** The file has no section headers, so that its notes may be lost. */
  readonly stripped: boolean;
  /** Loaded parts, for computing where a site is in a process. */
  readonly segments: readonly Segment[];
  /** In the notes' order. */
  readonly probes: readonly Probe[];
}

/* For one file. The largest seen (emulators with a probe per trace event) have well below 1 MiB. */
const MAX_NOTES = 4 * 1024 * 1024;
/* Providers and probes are C identifiers; argument strings have at most twelve operands. */
const MAX_NAME = 1024;
const MAX_ARGUMENTS = 4096;
const MAX_BUILD_ID = 64;
const NT_GNU_BUILD_ID = 3;
const NT_STAPSDT = 3;

/**
 * The probes of one file.
 * @param file A path, an open descriptor (left open), or a ByteSource.
 * @throws ElfError with any of its codes; nothing else.
 */
export function readProbes(file: FileLike): ElfProbes {
  if (typeof file === 'object' && 'read' in file && 'size' in file) return parse(file);
  const open = openFile(file);
  try {
    return parse(open);
  } finally {
    open.close();
  }
}

function parse(source: ByteSource): ElfProbes {
  const headers = readHeaders(source);
  const loads = headers.segments.filter((segment) => segment.type === PT_LOAD);
  const base = headers.sections.find((section) => section.name === '.stapsdt.base')?.address;
  const probes: Probe[] = [];
  let buildId: string | undefined;
  for (const note of notes(source, headers)) {
    if (note.owner === 'stapsdt' && note.type === NT_STAPSDT) {
      probes.push(parseProbe(source, headers, loads, base, note.content));
    } else if (note.owner === 'GNU' && note.type === NT_GNU_BUILD_ID && note.content.length <= MAX_BUILD_ID) {
      buildId ??= note.content.toString('hex');
    }
  }
  return {
    class: headers.class,
    littleEndian: headers.littleEndian,
    machine: headers.machine,
    buildId,
    stripped: headers.sections.length === 0,
    segments: loads,
    probes,
  };
}

interface Note {
  readonly owner: string;
  readonly type: number;
  readonly content: Buffer;
}

/** Every note of the file, by sections where there are any, otherwise by segments. */
function* notes(source: ByteSource, headers: Headers): Generator<Note> {
  const ranges =
    headers.sections.length > 0
      ? headers.sections
          // A compressed note section would have to be inflated; no tool makes or reads one.
          .filter((section) => section.type === SHT_NOTE && (section.flags & SHF_COMPRESSED) === 0n)
      : headers.segments
          .filter((segment) => segment.type === PT_NOTE)
          .map((segment) => ({
            offset: segment.offset,
            size: segment.fileSize,
            align: segment.align,
          }));
  // One budget for all, or a thousand sections over the same bytes would each cost the limit.
  let budget = MAX_NOTES;
  for (const range of ranges) {
    const bytes = readSection(source, range, budget, 'notes');
    budget -= bytes.length;
    yield* parseNotes(source, bytes, headers.littleEndian, range.align === 8n ? 8 : 4);
  }
}

/** @param align 8 only for sections that say so: the padding behind owner and content follows it. */
function* parseNotes(source: ByteSource, bytes: Buffer, little: boolean, align: 4 | 8): Generator<Note> {
  const word = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  const padded = (length: number): number => Math.ceil(length / align) * align;
  let at = 0;
  while (at < bytes.length) {
    if (bytes.length - at < 12) {
      // Zeros at the end are padding, as linkers leave between joined note sections.
      if (bytes.subarray(at).every((byte) => byte === 0)) return;
      throw corrupt(source, `expected a note of at least 12 bytes, found ${bytes.length - at}`);
    }
    const ownerSize = word(at);
    const contentSize = word(at + 4);
    const type = word(at + 8);
    // Sums of two 32-bit numbers are exact; each step goes forward by at least 12.
    const contentAt = at + padded(12 + ownerSize);
    const end = contentAt + contentSize;
    if (end > bytes.length) {
      throw corrupt(source, `expected a note of ${end - at} bytes, ${bytes.length - at} are left`);
    }
    const owner = bytes.subarray(at + 12, at + 12 + Math.min(ownerSize, MAX_NAME));
    const zero = owner.indexOf(0);
    yield {
      owner: owner.toString('latin1', 0, zero < 0 ? owner.length : zero),
      type,
      content: bytes.subarray(contentAt, end),
    };
    at = contentAt + padded(contentSize);
  }
}

function parseProbe(
  source: ByteSource,
  headers: Headers,
  loads: readonly Segment[],
  base: bigint | undefined,
  content: Buffer,
): Probe {
  const width = headers.class / 8;
  if (content.length < 3 * width + 3) {
    throw corrupt(source, `expected a probe note of at least ${3 * width + 3} bytes, found ${content.length}`);
  }
  const address = (index: number): bigint => {
    const at = index * width;
    if (width === 4) return BigInt(headers.littleEndian ? content.readUInt32LE(at) : content.readUInt32BE(at));
    return headers.littleEndian ? content.readBigUInt64LE(at) : content.readBigUInt64BE(at);
  };
  // prelink moves sections, but doesn't know these notes: the marker section tells how far.
  // A note written by hand may leave the marker out (0); then it was never moved.
  const shift = base === undefined || address(1) === 0n ? 0n : base - address(1);
  const site = BigInt.asUintN(headers.class, address(0) + shift);
  const counter = address(2);
  const semaphore = counter === 0n ? 0n : BigInt.asUintN(headers.class, counter + shift);

  let at = 3 * width;
  const string = (what: string, limit: number): string => {
    const end = content.indexOf(0, at);
    if (end < 0) throw corrupt(source, `expected a zero byte behind a probe's ${what}, found none`);
    if (end - at > limit) throw tooLarge(source, `expected a ${what} of at most ${limit} bytes, found ${end - at}`);
    const text = decodeText(content.subarray(at, end));
    at = end + 1;
    return text;
  };
  const provider = string('provider', MAX_NAME);
  const name = string('name', MAX_NAME);
  const args = string('argument string', MAX_ARGUMENTS);
  return {
    provider,
    name,
    arguments: args,
    args: parseArguments(args),
    address: site,
    offset: offsetOf(site, loads),
    semaphore,
    semaphoreOffset: semaphore === 0n ? undefined : offsetOf(semaphore, loads),
  };
}

/** The file offset of what is loaded at an address. */
function offsetOf(address: bigint, loads: readonly Segment[]): number | undefined {
  for (const load of loads) {
    if (address < load.address || address >= load.address + load.fileSize) continue;
    const offset = address - load.address + load.offset;
    // A segment's size isn't checked against the file's, as its bytes aren't read here.
    return offset <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(offset) : undefined;
  }
  return undefined;
}

const corrupt = (source: ByteSource, detail: string): ElfError => error('corrupt', source, detail);
const tooLarge = (source: ByteSource, detail: string): ElfError => error('too-large', source, detail);
const error = (code: ElfErrorCode, source: ByteSource, detail: string): ElfError =>
  new ElfError(code, source.name, detail);
