/**
 * What a running process says of itself: the library's `polyprobe_process`, which a provider fills when it starts
 * (native/include/polyprobe.h, struct polyprobe_process, whose layout is part of the ABI).
 *
 * Owns: the symbol's place and the structure's layout. Both the file and the memory belong to somebody else, so every
 * number is checked, and text is cut at its field. Called by processes.ts.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { ElfError } from './errors.js';
import { readHeaders, readSection } from './headers.js';
import { openFile, type ByteSource } from './source.js';
import { decodeText } from './text.js';

/** What runs in a process, in its own words. */
export interface Identity {
  /** ABI of the mapped library, `major.minor`. */
  readonly abi: string;
  /** `node`; '' when no provider has started. */
  readonly runtime: string;
  /** `20.20.2`; '' for unknown. */
  readonly version: string;
  /** Path of the main program; '' for unknown. */
  readonly program: string;
}

/** A mapped copy of the library. */
export interface IdentityFile {
  readonly hostPath: string | undefined;
  /** What to add to the file's addresses. */
  readonly base: bigint | undefined;
}

const SYMBOL = 'polyprobe_process';
const MAGIC = 'polyprob';
/* struct polyprobe_process: magic[8], abi_version, size, runtime[64], program[512]. */
const RUNTIME_AT = 16;
const PROGRAM_AT = RUNTIME_AT + 64;
const SIZE = PROGRAM_AT + 512;

const SHT_DYNSYM = 11;
const STT_OBJECT = 1;
/* The library exports some eighty symbols; its names fill some kilobytes. */
const MAX_SYMBOLS = 1024 * 1024;
const MAX_NAMES = 1024 * 1024;

/**
 * Where `polyprobe_process` is, as the file's addresses count.
 * @returns undefined when the file has no such data symbol of that size
 * @throws ElfError with any of its codes
 */
export function identityAddress(source: ByteSource): bigint | undefined {
  const headers = readHeaders(source);
  const symbols = headers.sections.find((section) => section.type === SHT_DYNSYM);
  const names = headers.sections.find((section) => section.name === '.dynstr');
  // The library exists for 64-bit, little-endian machines only.
  if (!symbols || !names || headers.class !== 64 || !headers.littleEndian) return undefined;
  const table = readSection(source, symbols, MAX_SYMBOLS, 'symbols');
  const text = readSection(source, names, MAX_NAMES, 'names of symbols');
  const wanted = Buffer.from(`${SYMBOL}\0`);
  // Elf64_Sym: name 4, info 1, other 1, section 2, value 8, size 8.
  for (let at = 0; at + 24 <= table.length; at += 24) {
    const name = table.readUInt32LE(at);
    if (!text.subarray(name, name + wanted.length).equals(wanted)) continue;
    if ((table.readUInt8(at + 4) & 0xf) !== STT_OBJECT || table.readUInt16LE(at + 6) === 0) continue;
    if (table.readBigUInt64LE(at + 16) < BigInt(SIZE)) continue;
    return table.readBigUInt64LE(at + 8);
  }
  return undefined;
}

const cut = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
};

/** Reads the structure's bytes; undefined unless magic, size and version hold. */
export function parseIdentity(bytes: Buffer): Identity | undefined {
  if (bytes.length < SIZE || bytes.toString('latin1', 0, 8) !== MAGIC) return undefined;
  // A later minor version may append fields; none is ever taken away.
  if (bytes.readUInt32LE(12) < SIZE) return undefined;
  const abi = bytes.readUInt32LE(8);
  const [runtime = '', version = ''] = cut(bytes.subarray(RUNTIME_AT, PROGRAM_AT)).split(' ');
  return { abi: `${abi >>> 16}.${abi & 0xffff}`, runtime, version, program: cut(bytes.subarray(PROGRAM_AT, SIZE)) };
}

/**
 * What a process says of itself. Never throws: who may not read another's memory learns nothing, and that is all.
 * @param file a copy of the library in the process, as probesOfProcess gives it
 */
export function readIdentity(pid: number, file: IdentityFile, proc = '/proc'): Identity | undefined {
  if (file.hostPath === undefined || file.base === undefined) return undefined;
  try {
    const open = openFile(file.hostPath);
    let address: bigint | undefined;
    try {
      address = identityAddress(open);
    } finally {
      open.close();
    }
    if (address === undefined) return undefined;
    const memory = openSync(`${proc}/${pid}/mem`, 'r');
    try {
      const bytes = Buffer.alloc(SIZE);
      const place = BigInt.asUintN(64, file.base + address);
      return readSync(memory, bytes, 0, SIZE, place) === SIZE ? parseIdentity(bytes) : undefined;
    } finally {
      closeSync(memory);
    }
  } catch (error) {
    if (error instanceof ElfError || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
}
