/**
 * entry: an instrumented program as bytes, ready to be used: what is long isn't parsed, but handed on as it is.
 *
 * A line of JSON for what is short; then, each as long as that line says, the functions' lines, the places of their numbers in
 * the text, their names, and the text itself. Numbers are of this machine's byte order: the cache is never shared between machines of different kinds
 * without the checksum being wrong there.
 *
 * Owns: that layout. Called by: `cache.cts`, `source.cts` for programs that can't be kept.
 */
import { putText, textOf } from './bytes.cjs';
import type { FunctionInfo, Instrumented, Refusal, SkippedFunction } from './index.cjs';
import { isRefusal } from './index.cjs';
import { placesOfIds } from './pieces.cjs';
import { findMap } from './sourcemap.cjs';

/** How a text is stored: lossless, and fast to read. */
type Encoding = 'latin1' | 'utf16le';

/** An instrumented program. The arrays are parts of the bytes that it was read from. */
export interface Prepared {
  readonly skipped: readonly SkippedFunction[];
  /** Where each function's name stands in the file, or its original. */
  readonly lines: Uint32Array;
  /** Scope, name, and original file or '', of each function in turn, as UTF-8 with a NUL between. */
  readonly names: Uint8Array;
  /** Whether functions have original files. */
  readonly isMapped: boolean;
  /** Whether a source map in the text was changed so that it leads from it. */
  readonly isMapMoved: boolean;
  readonly text: Uint8Array;
  readonly encoding: Encoding;
  /** Where the numbers of functions stand in the text, in characters: six hexadecimal digits each. */
  readonly places: Uint32Array;
}

/** The line of JSON. */
interface Head {
  readonly refusal?: Refusal;
  /** Version of the parser that refused: a newer one may know more. */
  readonly parser?: string;
  readonly skipped: Instrumented['skipped'];
  readonly encoding: Encoding;
  readonly isMapped: boolean;
  readonly isMapMoved: boolean;
  /** In bytes. */
  readonly lines: number;
  readonly places: number;
  readonly names: number;
  readonly text: number;
}

const NUMBER = Uint32Array.BYTES_PER_ELEMENT;

const bytesOf = (numbers: Uint32Array): Uint8Array => new Uint8Array(numbers.buffer, 0, numbers.byteLength);

function namesOf(functions: readonly FunctionInfo[]): Uint8Array {
  let text = '';
  functions.forEach(({ scope, name, file = '' }, index) => {
    text += `${index > 0 ? '\0' : ''}${scope.replaceAll('\0', '')}\0${name.replaceAll('\0', '')}\0${file.replaceAll('\0', '')}`;
  });
  // Three bytes at most for a character of UTF-8.
  const room = new Uint8Array(text.length * 3);
  return room.subarray(0, putText(room, text, 'utf8', 0));
}

/** Whether a source map within a program was changed so that it leads from the instrumented text. */
function hasMovedMap(source: string, code: string): boolean {
  const before = findMap(source);
  return before !== undefined && findMap(code)?.url !== before.url;
}

/**
 * What came of a program, as bytes.
 * @param parser the parser's version, asked for refusals
 * @param at how many bytes to leave free before them, a multiple of 4
 */
export function encode(result: Instrumented | Refusal, source: string, parser: () => string, at: number): Uint8Array {
  const refused = isRefusal(result);
  const { code, functions, skipped } = refused ? { code: '', functions: [], skipped: [] } : result;
  const encoding = /[^\0-\xff]/.test(code) ? 'utf16le' : 'latin1';
  const lines = Uint32Array.from(functions, ({ line }) => line);
  const places = placesOfIds(code);
  const names = namesOf(functions);
  const head: Head = {
    ...(refused && { refusal: result, parser: parser() }),
    skipped,
    encoding,
    isMapped: functions.some(({ file }) => file !== undefined),
    isMapMoved: !refused && hasMovedMap(source, code),
    lines: lines.byteLength,
    places: places.byteLength,
    names: names.length,
    text: code.length * (encoding === 'latin1' ? 1 : 2),
  };
  const json = new Uint8Array(JSON.stringify(head).length * 3 + NUMBER);
  const length = putText(json, JSON.stringify(head), 'utf8', 0);
  // Spaces, so that the numbers behind it stand where numbers may.
  const end = Math.ceil((length + 1) / NUMBER) * NUMBER;
  json.fill(0x20, length, end - 1);
  json[end - 1] = 0x0a;
  const entry = new Uint8Array(at + end + head.lines + head.places + head.names + head.text);
  let next = at;
  for (const part of [json.subarray(0, end), bytesOf(lines), bytesOf(places), names]) {
    entry.set(part, next);
    next += part.length;
  }
  putText(entry, code, encoding, next);
  return entry;
}

/**
 * What `encode` made; undefined for a refusal by another parser.
 * @param at as it was given there
 * @throws when it isn't that
 */
export function decode(entry: Uint8Array, parser: () => string, at: number): Prepared | Refusal | undefined {
  const end = entry.indexOf(0x0a, at) + 1;
  const head = JSON.parse(textOf(entry, 'utf8', at, end)) as Head;
  if (head.refusal) return head.parser === parser() ? head.refusal : undefined;
  if (end + head.lines + head.places + head.names + head.text !== entry.length)
    throw new Error('expected an entry of the length that it says');
  const { buffer, byteOffset } = entry;
  const lines = byteOffset + end;
  const places = lines + head.lines;
  const names = end + head.lines + head.places;
  const text = names + head.names;
  return {
    ...head,
    lines: new Uint32Array(buffer, lines, head.lines / NUMBER),
    places: new Uint32Array(buffer, places, head.places / NUMBER),
    names: entry.subarray(names, text),
    text: entry.subarray(text),
  };
}

/** The text of a program, as it stands in its bytes. */
export const codeOf = ({ text, encoding }: Prepared): string => textOf(text, encoding);

/** All of it, as the instrumenter gave it. */
export function unpacked(prepared: Prepared): Instrumented {
  const { lines, names, skipped } = prepared;
  const texts = textOf(names, 'utf8').split('\0');
  const functions = Array.from(lines, (line, index): FunctionInfo => {
    const [scope, name, file] = texts.slice(index * 3, index * 3 + 3);
    return { scope: scope!, name: name!, line, ...(file && { file }) };
  });
  return { code: codeOf(prepared), functions, skipped };
}
