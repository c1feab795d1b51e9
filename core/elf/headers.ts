/**
 * ELF's file header, section headers and program headers, checked.
 *
 * Written by hand because no package on npm does this safely: the maintained one that was read through (@bugsplat/elfy)
 * is 64-bit little-endian only and allocates whatever a header says, and none reads notes. What is needed here is small:
 * three tables, and no promise about what is in them.
 *
 * Every number from the file stays a bigint until it was compared with the file's size.
 */
import { ElfError, type ElfErrorCode } from './errors.js';
import type { ByteSource } from './source.js';
import { decodeText } from './text.js';

/** One section header; offsets and sizes in bytes, unchecked against the file until it is read. */
export interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly offset: bigint;
  readonly size: bigint;
  readonly align: bigint;
}

/** One program header. */
export interface Segment {
  readonly type: number;
  readonly offset: bigint;
  readonly address: bigint;
  readonly fileSize: bigint;
  readonly memorySize: bigint;
  readonly align: bigint;
  readonly executable: boolean;
}

/** What the headers say. */
export interface Headers {
  readonly class: 32 | 64;
  readonly littleEndian: boolean;
  /** `e_machine`: 62 is x86-64, 183 aarch64. */
  readonly machine: number;
  /** `e_type`: 2 is a program at a fixed address, 3 a library or a position-independent program. */
  readonly type: number;
  /** Empty when the file's section headers were stripped. */
  readonly sections: readonly Section[];
  readonly segments: readonly Segment[];
}

export const SHT_NOTE = 7;
export const SHF_COMPRESSED = 0x800n;
export const PT_LOAD = 1;
export const PT_NOTE = 4;
const PF_X = 1;
const SHT_STRTAB = 3;
const SHT_NOBITS = 8;
const ET_REL = 1;
const ET_CORE = 4;
const SHN_XINDEX = 0xffff;
const PN_XNUM = 0xffff;

/*
 * Far above any linked file (the largest programs have some hundred sections and a dozen
 * segments), and small enough that a hostile file costs no more than some megabytes.
 */
const MAX_SECTIONS = 65_536;
const MAX_SEGMENTS = 65_536;
const MAX_SECTION_NAMES = 8 * 1024 * 1024;
const MAX_NAME = 255;

/** Reads integers of the file's width and byte order at offsets inside one small buffer. */
class Fields {
  constructor(
    readonly bytes: Buffer,
    readonly wide: boolean,
    readonly little: boolean,
  ) {}
  half(at: number): number {
    return this.little ? this.bytes.readUInt16LE(at) : this.bytes.readUInt16BE(at);
  }
  word(at: number): number {
    return this.little ? this.bytes.readUInt32LE(at) : this.bytes.readUInt32BE(at);
  }
  /** An address or an offset: 4 bytes in 32-bit files, 8 in 64-bit ones. */
  address(at: number): bigint {
    if (!this.wide) return BigInt(this.word(at));
    return this.little ? this.bytes.readBigUInt64LE(at) : this.bytes.readBigUInt64BE(at);
  }
}

/**
 * Reads the three tables.
 * @throws ElfError `not-elf`, `truncated`, `corrupt`, `unsupported`, `too-large`, `unreadable`
 */
export function readHeaders(source: ByteSource): Headers {
  const fail = (code: ElfErrorCode, detail: string): ElfError => new ElfError(code, source.name, detail);
  if (source.size < 4 || source.read(0, 4).compare(MAGIC) !== 0) {
    throw fail('not-elf', source.size === 0 ? 'expected an ELF file, found an empty one' : 'expected an ELF file');
  }
  const ident = source.read(0, 16);
  const cls = ident[4];
  const data = ident[5];
  if (cls !== 1 && cls !== 2) throw fail('corrupt', `expected class 1 or 2, found ${cls}`);
  if (data !== 1 && data !== 2) throw fail('corrupt', `expected byte order 1 or 2, found ${data}`);
  const wide = cls === 2;
  const little = data === 1;
  const head = new Fields(source.read(0, wide ? 64 : 52), wide, little);
  const type = head.half(16);
  if (type === ET_REL) throw fail('unsupported', 'expected a linked program or library, found an object file');
  if (type === ET_CORE) throw fail('unsupported', 'expected a program or library, found a core dump');

  const at = wide
    ? { phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shentsize: 58, shnum: 60, shstrndx: 62 }
    : { phoff: 28, shoff: 32, phentsize: 42, phnum: 44, shentsize: 46, shnum: 48, shstrndx: 50 };
  const rawSections = readSections(source, {
    offset: head.address(at.shoff),
    count: head.half(at.shnum),
    entrySize: head.half(at.shentsize),
    wide,
    little,
  });
  // Numbers that don't fit the header's 16 bits stand in the first section header.
  const first = rawSections[0];
  const segmentCount = head.half(at.phnum);
  const nameIndex = head.half(at.shstrndx);
  return {
    class: wide ? 64 : 32,
    littleEndian: little,
    machine: head.half(18),
    type,
    sections: nameSections(source, rawSections, nameIndex === SHN_XINDEX && first ? first.link : nameIndex),
    segments: readSegments(source, {
      offset: head.address(at.phoff),
      count: segmentCount === PN_XNUM && first ? first.info : segmentCount,
      entrySize: head.half(at.phentsize),
      wide,
      little,
    }),
  };
}

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

interface Table {
  offset: bigint;
  count: number;
  entrySize: number;
  wide: boolean;
  little: boolean;
}

interface RawSection extends Omit<Section, 'name'> {
  nameOffset: number;
  link: number;
  info: number;
}

function readSections(source: ByteSource, table: Table): RawSection[] {
  if (table.offset === 0n) return [];
  const size = table.wide ? 64 : 40;
  checkEntrySize(source, 'section header', table.entrySize, size);
  let count = table.count;
  if (count === 0) {
    // The true count, when it doesn't fit 16 bits, is the first header's size field.
    const zero = parseSection(
      new Fields(source.read(position(source, table.offset), size), table.wide, table.little),
      0,
    );
    if (zero.size === 0n) return [];
    count = bounded(source, 'section headers', zero.size, MAX_SECTIONS);
  }
  bounded(source, 'section headers', BigInt(count), MAX_SECTIONS);
  const fields = new Fields(source.read(position(source, table.offset), count * size), table.wide, table.little);
  return Array.from({ length: count }, (_, i) => parseSection(fields, i * size));
}

function parseSection(fields: Fields, at: number): RawSection {
  const w = fields.wide;
  return {
    nameOffset: fields.word(at),
    type: fields.word(at + 4),
    flags: fields.address(at + 8),
    address: fields.address(at + (w ? 16 : 12)),
    offset: fields.address(at + (w ? 24 : 16)),
    size: fields.address(at + (w ? 32 : 20)),
    link: fields.word(at + (w ? 40 : 24)),
    info: fields.word(at + (w ? 44 : 28)),
    align: fields.address(at + (w ? 48 : 32)),
  };
}

/** Section names matter only to find `.stapsdt.base`: a file without a name table is still read. */
function nameSections(source: ByteSource, raw: RawSection[], nameIndex: number): Section[] {
  const table = nameIndex === 0 ? undefined : raw[nameIndex];
  if (nameIndex !== 0 && !table) {
    throw new ElfError(
      'corrupt',
      source.name,
      `expected section names in one of ${raw.length} sections, found number ${nameIndex}`,
    );
  }
  if (table && table.type !== SHT_STRTAB) {
    throw new ElfError(
      'corrupt',
      source.name,
      `expected a string table of section names, found a section of type ${table.type}`,
    );
  }
  const names = table ? readSection(source, table, MAX_SECTION_NAMES, 'section names') : Buffer.alloc(0);
  return raw.map((section) => {
    const from = section.nameOffset;
    const window = names.subarray(from, from + MAX_NAME);
    const end = window.indexOf(0);
    return { ...section, name: decodeText(end < 0 ? window : window.subarray(0, end)) };
  });
}

function readSegments(source: ByteSource, table: Table): Segment[] {
  if (table.offset === 0n || table.count === 0) return [];
  const size = table.wide ? 56 : 32;
  checkEntrySize(source, 'program header', table.entrySize, size);
  bounded(source, 'program headers', BigInt(table.count), MAX_SEGMENTS);
  const fields = new Fields(source.read(position(source, table.offset), table.count * size), table.wide, table.little);
  return Array.from({ length: table.count }, (_, i) => {
    const at = i * size;
    const w = table.wide;
    return {
      type: fields.word(at),
      offset: fields.address(at + (w ? 8 : 4)),
      address: fields.address(at + (w ? 16 : 8)),
      fileSize: fields.address(at + (w ? 32 : 16)),
      memorySize: fields.address(at + (w ? 40 : 20)),
      align: fields.address(at + (w ? 48 : 28)),
      executable: (fields.word(at + (w ? 4 : 24)) & PF_X) !== 0,
    };
  });
}

/**
 * The bytes of a section or segment.
 * @param limit Bytes; more is refused, unread.
 * @throws ElfError `truncated`, `too-large`, `unreadable`
 */
export function readSection(
  source: ByteSource,
  range: { readonly offset: bigint; readonly size: bigint; readonly type?: number },
  limit: number,
  what: string,
): Buffer {
  // In a file of split-off debug information such a section keeps its header and has no bytes.
  if (range.type === SHT_NOBITS || range.size === 0n) return Buffer.alloc(0);
  const size = bounded(source, `bytes of ${what}`, range.size, limit);
  return source.read(position(source, range.offset), size);
}

function checkEntrySize(source: ByteSource, what: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new ElfError('corrupt', source.name, `expected a ${what} of ${expected} bytes, found ${found}`);
}

function bounded(source: ByteSource, what: string, found: bigint, limit: number): number {
  // What can't be in the file at all is a cut file, not a large one.
  if (found > BigInt(source.size)) {
    throw new ElfError('truncated', source.name, `expected ${found} ${what}, the file has ${source.size} bytes`);
  }
  if (found <= BigInt(limit)) return Number(found);
  throw new ElfError('too-large', source.name, `expected at most ${limit} ${what}, found ${found}`);
}

function position(source: ByteSource, offset: bigint): number {
  if (offset <= BigInt(source.size)) return Number(offset);
  throw new ElfError('truncated', source.name, `expected data at offset ${offset}, the file ends at ${source.size}`);
}
