/**
 * bytes: texts from bytes and bytes from texts, by functions of Node's that the program can't have replaced: Buffer belongs to
 * it as much as to us.
 *
 * Called by: `cache.cts`, in the middle of programs.
 */
import { createHash, type Hash } from 'node:crypto';

const { apply } = Reflect;

/** Methods of Buffer's that Node doesn't document; they take any bytes. */
interface Bytes {
  latin1Slice(start: number, end: number): string;
  ucs2Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
  ucs2Write(text: string, offset: number, length: number): number;
  utf8Write(text: string, offset: number, length: number): number;
}
const bytes = Buffer.prototype as unknown as Bytes;
const { update, digest } = Object.getPrototypeOf(createHash('sha256')) as Hash;
type Encoding = 'latin1' | 'utf16le' | 'utf8';
const readers = { latin1: bytes.latin1Slice, utf16le: bytes.ucs2Slice, utf8: bytes.utf8Slice };
const writers = { latin1: bytes.latin1Write, utf16le: bytes.ucs2Write, utf8: bytes.utf8Write };

/** Bytes as text. */
export function textOf(from: Uint8Array, encoding: Encoding, start = 0, end = from.length): string {
  return apply(readers[encoding], from, [start, end]);
}

/** Writes a text into bytes that have room for it. @returns how many it took */
export function putText(into: Uint8Array, text: string, encoding: Encoding, at: number): number {
  return apply(writers[encoding], into, [text, at, into.length - at]);
}

/**
 * SHA-256 of texts, in hexadecimal: those that have no other characters as Latin-1, which is half the work, others as UTF-16. In
 * UTF-8, different broken surrogates would become the same.
 */
export function sha256(...parts: readonly string[]): string {
  const sum = createHash('sha256');
  for (const part of parts) {
    const encoding = /[^\0-\xff]/.test(part) ? 'utf16le' : 'latin1';
    apply(update, sum, [`${encoding} ${part.length} `, 'latin1']);
    apply(update, sum, [part, encoding]);
  }
  return apply(digest, sum, ['hex']);
}

/** SHA-256 of a text in UTF-8, in hexadecimal. */
export function sha256Utf8(text: string): string {
  const sum = createHash('sha256');
  apply(update, sum, [text, 'utf8']);
  return apply(digest, sum, ['hex']);
}
