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
import { MARKER, originalColumn, restore } from './instrument/pieces.cjs';

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

/** What Node would have printed; undefined when it prints it itself. */
function excerptOf(place: Place): string | undefined {
  if (!place) return undefined;
  // No iteration: it is an array of the program's realm.
  const script = place[0];
  const line = place[1];
  const start = place[2];
  const end = place[3];
  const compiled = place[4];
  const hasSourceMap = place[5];
  if (!compiled.includes(MARKER) || (hasSourceMap && process.sourceMapsEnabled)) return undefined;
  const written = restore(compiled);
  const from = originalColumn(compiled, start + 1) - 1;
  const to = Math.max(originalColumn(compiled, end + 1) - 1, from + Math.min(1, end - start));
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
function printExcerpt(addon: Addon, error: unknown, place: Place): void {
  const excerpt = excerptOf(place);
  if (excerpt === undefined) return;
  addon.printError(types.isNativeError(error) ? `${excerpt}\n` : `\n${excerpt}`);
}

/** From now on. */
export function watchUncaught(addon: Addon): void {
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
      if (isHandled === false) printExcerpt(addon, error, place);
      // A handler of the program's has failed: Node prints that instead.
      else if (isHandled === undefined) printExcerpt(addon, thrown, addon.errorPlace(thrown));
    },
  );
  node._fatalException = ours;
}
