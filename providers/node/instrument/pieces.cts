/**
 * How inserted text looks, and everything that follows from its look alone: taking it out again,
 * correcting columns, and giving functions their ids.
 *
 * Nothing is ever deleted from a program; text is only put between its tokens, without line breaks.
 * Each piece stands between two comments, ` /∗__pp_∗/` and `/∗∗/`. A program that already contains the
 * marker isn't instrumented, so pieces can be told from the program with no other knowledge than the
 * text itself. Comments cost no bytecode. The leading space keeps `1/await x` from becoming `1//`.
 *
 * Called by: `insert.cts` to write pieces; the hooks to bind ids, to answer
 * `Function.prototype.toString` and to correct stack traces.
 */

import { indexOf, lastIndexOf, slice } from '../builtins.cjs';

/** What no program may contain that we instrument; every name that we insert begins with it. */
export const MARKER = '__pp_';

/** What instrumented code looks up, and finds where nobody can trace. */
export const IDLE: readonly (readonly [name: string, value: unknown])[] = Array.from('erxsmct', (letter) => [
  MARKER + letter,
  undefined,
]);

const OPEN = ` /*${MARKER}*/`;
const CLOSE = '/**/';

/**
 * Node shows the source line above the trace of an uncaught error, unless the line contains this
 * (GetErrorSource in https://github.com/nodejs/node/blob/v20.20.0/src/node_errors.cc). The provider shows the line as it was written.
 */
export const NO_EXCERPT = '/*node-do-not-add-exception-line*/';

/** An id as the first argument of a callback, or as an entry's name; ids stand nowhere else. */
const ID = /__pp_(?:e\.[fg]|[a-z]\?\.\(0x)([0-9a-f]{6})/g;

const ID_LIMIT = 0x1000000;

/** Makes a piece of text that is to be inserted. It mustn't contain line breaks or an empty comment. */
export function piece(text: string): string {
  return OPEN + text + CLOSE;
}

const digits = (index: number): string => index.toString(16).padStart(6, '0');

/** Writes an id: always eight characters, so that columns don't depend on it. */
export function id(index: number): string {
  return '0x' + digits(index);
}

/** Writes the entry of the function with an id. A property's name is less bytecode than a call with a number. */
export function entry(kind: 'f' | 'g', id: string): string {
  return `__pp_e.${kind}${id.slice(2)}`;
}

/**
 * Gives the functions of an instrumented program their ids: the first one's becomes `base`.
 * Beyond 2^24 functions in one process the later ones share the last id.
 */
export function bind(code: string, base: number): string {
  if (base === 0) return code;
  return code.replace(
    ID,
    (match: string, found: string) => match.slice(0, -6) + digits(Math.min(base + parseInt(found, 16), ID_LIMIT - 1)),
  );
}

/** Where the digits of each id stand that `bind` would change. */
export function placesOfIds(code: string): Uint32Array {
  const places: number[] = [];
  for (const { 0: match, index } of code.matchAll(ID)) places.push(index + match.length - 6);
  return Uint32Array.from(places);
}

/**
 * The original text of an instrumented function, class or program, bound or not: what
 * `Function.prototype.toString` would have said. Text without pieces is returned as it is.
 */
export function restore(text: string): string {
  return without(text, (start) => endOf(text, start));
}

/** What the last piece of an arrow function is up to its end: a function's text ends there, within the piece. */
const ARROW_END =
  /^(?:\);return [^{}]*,__pp_v|(?:\),[^{}]*,__pp_v)?\}(?:catch\(__pp_w\)\{[^}]*\})?finally\{[^}]*\})?\}/;

/** The same of a message that quotes a function, and goes on behind it. */
export function restoreQuoted(text: string): string {
  return without(text, (start) => {
    if (indexOf(text, CLOSE, start + OPEN.length) >= 0) return endOf(text, start);
    const end = ARROW_END.exec(slice(text, start + OPEN.length, text.length));
    return end ? start + OPEN.length + end[0].length : text.length;
  });
}

/** A text without its pieces. @param end says where the piece ends that begins at a place */
function without(text: string, end: (start: number) => number): string {
  // No destructuring of arrays: a program may have replaced their iterator.
  let restored = '';
  let done = 0;
  for (let at = indexOf(text, OPEN); at >= 0; at = indexOf(text, OPEN, done)) {
    restored += slice(text, done, at);
    done = end(at);
  }
  return done === 0 ? text : restored + slice(text, done);
}

/** Where a piece ends. Its end is missing where a slice of the program ends within it: an arrow function's `}`. */
function endOf(text: string, start: number): number {
  const close = indexOf(text, CLOSE, start + OPEN.length);
  return close < 0 ? text.length : close + CLOSE.length;
}

/**
 * Where a column of an instrumented line was originally. Both count from 1, as in a stack trace. A
 * place within a piece becomes the place where the piece was inserted. Line numbers never change.
 */
export function originalColumn(instrumentedLine: string, column: number): number {
  const place = column - 1;
  let removed = 0;
  for (let at = indexOf(instrumentedLine, OPEN); at >= 0 && at < place;) {
    const end = endOf(instrumentedLine, at);
    if (place < end) return at - removed + 1;
    removed += end - at;
    at = indexOf(instrumentedLine, OPEN, end);
  }
  return column - removed;
}

/** What stands before a statement: spaces, comments, pieces. */
const BEFORE = /(?:\s| \/\*__pp_\*\/[^]*?\/\*\*\/|\/\*[^]*?\*\/|\/\/.*)*/y;

/** What V8 has no instruction for at its beginning, and so no place: the one behind it counts. */
const PLACELESS =
  /(?:\{|do\b|[\w$]+\s*:(?!:)|(?:if|while)\s*\((?:true|1)\)|for\s*\(|(?:const|let|var)\s+[\w$]+\s*=(?![=>])|(?:const|let|var)\s*(?:\{[^{}=]*\}|\[[^[\]=]*\])\s*=|let\b|(?:return(?:\s| \/\*__pp_\*\/[^]*?\/\*\*\/)+)?this\s*\.)/y;

/**
 * A function that finds the stack full fails at its first instruction. That is in its entry; where would it have been?
 * @param offset of a place in an instrumented text
 * @returns the offset of the first statement's beginning, if the place is in an entry
 */
export function behindEntry(code: string, offset: number): number | undefined {
  const start = lastIndexOf(code, OPEN, offset);
  const end = start < 0 ? -1 : endOf(code, start);
  if (offset >= end || indexOf(slice(code, start, end), `${MARKER}e.`) < 0) return undefined;
  for (let at = end, i = 0; i < 16; i++) {
    BEFORE.lastIndex = at;
    at += BEFORE.exec(code)?.[0].length ?? 0;
    PLACELESS.lastIndex = at;
    const placeless = PLACELESS.exec(code)?.[0];
    if (placeless === undefined) return code[at] === '}' ? undefined : at;
    at += placeless.length;
  }
  return undefined;
}
