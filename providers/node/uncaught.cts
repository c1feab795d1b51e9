/**
 * uncaught: errors that reach the process. They fire (addon/exceptions.cc), and what Node prints of them is as without us.
 *
 * Above an uncaught error's trace Node prints the source line, which it takes from what was compiled. Instrumented lines
 * carry a word that makes it leave the line out (insert.cts). We print it, as it was written, when it is certain that nobody
 * handles the error: it is the first thing that Node would print.
 */
import { types } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import type { Addon } from './addon.cjs';
import { startsWith } from './builtins.cjs';
import { MARKER, originalColumn, restore } from './instrument/pieces.cjs';
import { codeOfScript, lineOf, mapOf, originalLine, placeIn, type CodeOf, type Compiled } from './places.cjs';

/** Node's own, called by its C++ for every uncaught error: false means that nobody handled it. */
interface Process {
  _fatalException(error: unknown, fromPromise: boolean): boolean;
}

type Place = ReturnType<Addon['errorPlace']>;

/** As many columns as Node underlines (GetErrorSource in https://github.com/nodejs/node/blob/v20.20.0/src/node_errors.cc). */
const MAX_UNDERLINE = 1020;
const TAB = 9;

/** How many bytes each character takes in UTF-8, for the second half of a pair none. */
function widthOf(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  if (code >= 0xd800 && code < 0xdc00) return 4;
  return code >= 0xdc00 && code < 0xe000 ? 0 : 3;
}

/** Node 20 leaves a line more behind an original's. */
const AFTER_ORIGINAL = process.version.startsWith('v20.') ? '\n' : '';

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** As wide as a text is in a terminal. Node asks ICU, which it doesn't hand out. */
function blanks(text: string): string {
  let width = '';
  for (const character of text)
    if (character === '\t') width += '\t';
    else if (WIDE.test(character)) width += '  ';
    else if (!/[\p{Mn}\p{Me}\p{Cc}\p{Cf}]/u.test(character)) width += ' ';
  return width;
}

/**
 * What Node would have printed of the original, by a source map.
 * https://github.com/nodejs/node/blob/v20.20.0/lib/internal/source_map/prepare_stack_trace.js#L230
 */
function originalExcerpt(
  codeOf: CodeOf,
  script: string,
  line: number,
  start: number,
  text: string,
): string | undefined {
  const map = mapOf(script);
  if (!map) return undefined;
  const written = restore(text);
  const fits = (code: Compiled): boolean => startsWith(restore(lineOf(code, line) ?? ''), written);
  const code = codeOfScript(codeOf, script, fits);
  // What a loader on another thread has made isn't known; such loaders put maps into their files.
  const isMoved = code === undefined || code.isMapMoved || !fits(code);
  const original = originalLine(map, line, isMoved ? start : originalColumn(text, start + 1) - 1);
  if (!original) return undefined;
  const underline = blanks(original.text.slice(0, original.column + 1)).slice(0, -1);
  return `${original.file}:${original.line + 1}\n${original.text}\n${underline}^\n${AFTER_ORIGINAL}`;
}

/** The same for a function that found the stack full at its entry, which is in another place than its first statement. */
function whereFull(codeOf: CodeOf, place: Exclude<Place, undefined>): string | undefined {
  const script = place[0];
  const compiled = place[4];
  const fits = (code: Compiled): boolean => startsWith(lineOf(code, place[1]) ?? '', compiled);
  const code = codeOfScript(codeOf, script, fits);
  const right = code && fits(code) ? placeIn(code, place[1], place[2] + 1) : undefined;
  if (!code || !right || (right.line === place[1] && right.column === originalColumn(compiled, place[2] + 1)))
    return undefined;
  const text = restore(lineOf(code, right.line)!).replace(/[\r\n\u2028\u2029]+$/, '');
  return excerpt(script, right.line, text, right.column - 1, right.column);
}

/** What Node would have printed; undefined when it prints it itself. */
function excerptOf(codeOf: CodeOf, place: Place): string | undefined {
  if (!place) return undefined;
  // No iteration: it is an array of the program's realm.
  const script = place[0];
  const line = place[1];
  const start = place[2];
  const end = place[3];
  const compiled = place[4];
  const hasSourceMap = place[5];
  if (!compiled.includes(MARKER)) return undefined;
  const original = hasSourceMap ? originalExcerpt(codeOf, script, line, start, compiled) : undefined;
  if (original !== undefined) return original;
  const full = whereFull(codeOf, place);
  if (full) return full;
  const written = restore(compiled);
  const from = originalColumn(compiled, start + 1) - 1;
  const to = Math.max(originalColumn(compiled, end + 1) - 1, from + Math.min(1, end - start));
  return excerpt(script, line, written, from, to);
}

/** A line, and what is underlined of it. */
function excerpt(script: string, line: number, written: string, from: number, to: number): string {
  const shown = `${script}:${line}\n${written}\n`;
  // Node counts in characters and looks at bytes.
  let bytes = '';
  for (let i = 0; i < written.length; i++)
    bytes += written.charCodeAt(i) === TAB ? '\t' : ' '.repeat(widthOf(written.charCodeAt(i)));
  if (to > bytes.length) return shown;
  let underline = bytes.slice(0, Math.min(from, MAX_UNDERLINE));
  underline += '^'.repeat(Math.max(0, Math.min(to, MAX_UNDERLINE) - from));
  return `${shown}${underline}\n`;
}

/** Prints it where Node would have printed it. */
function printExcerpt(addon: Addon, codeOf: CodeOf, error: unknown, place: Place): void {
  const excerpt = excerptOf(codeOf, place);
  if (excerpt === undefined) return;
  addon.printError(types.isNativeError(error) ? `${excerpt}\n` : `\n${excerpt}`);
}

/** From now on. */
export function watchUncaught(addon: Addon, codeOf: CodeOf): void {
  const node = process as unknown as Process;
  const original = node._fatalException;
  addon.keepUncaught();
  const ours = addon.wrap(
    original,
    ([error]: unknown[]) => {
      // A stack trace says under which name a function was called, and finds out by looking.
      if (node._fatalException === ours) node._fatalException = original;
      addon.exceptionSeen(error);
      // Now: V8 forgets it when the stack is asked for.
      return { error, place: addon.errorPlace(error) };
    },
    ({ error, place }, isHandled, thrown) => {
      // Should a handler have failed, then its error's stack is still to be written down; and the process ends.
      if (isHandled !== undefined && node._fatalException === original) node._fatalException = ours;
      // A worker's errors are printed by the main thread, without an excerpt.
      if (!isMainThread) return;
      if (isHandled === false) printExcerpt(addon, codeOf, error, place);
      else if (isHandled === undefined) {
        // A handler of the program's has failed: Node prints that instead, and ends the process at once, without a word to
        // whoever waits for its end: what is open returns here.
        addon.exceptionSeen(thrown);
        printExcerpt(addon, codeOf, thrown, addon.errorPlace(thrown));
        addon.stop();
      }
    },
  );
  node._fatalException = ours;
}
