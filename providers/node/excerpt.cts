/**
 * excerpt: the source line that Node prints above an uncaught error's trace, as it was written.
 *
 * Node takes the line from what was compiled. Instrumented lines carry a word that makes it leave the line out (insert.cts);
 * here the line is put back, from the moment when it is certain that nobody handles the error and Node will print it.
 */
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.cjs';
import { Lines, type CodeOf } from './columns.cjs';
import { HostError } from './host.cjs';
import { MARKER, originalColumn, restore } from './instrument/pieces.cjs';

/** Node's own, called by its C++ for every uncaught error: false means that nobody handled it. */
interface Process {
  _fatalException(error: unknown, fromPromise: boolean): boolean;
}

type Place = NonNullable<ReturnType<Addon['errorPlace']>>;

/** What Node would have printed above the trace; undefined when it prints it itself. */
function excerptOf(codeOf: CodeOf, [script, line, start, end]: Place, isRejection: boolean): string | undefined {
  const isModule = script.startsWith('file:');
  const code = codeOf(isModule ? fileURLToPath(script) : script, isModule);
  const compiled = code === undefined ? undefined : new Lines().text(script, code, line)?.replace(/[\r\n]+$/, '');
  if (!compiled?.includes(MARKER)) return undefined;
  const written = restore(compiled);
  let from = originalColumn(compiled, start + 1) - 1;
  const to = Math.max(from + 1, originalColumn(compiled, end + 1) - 1);
  // An error knows where it was made. Node shows where it was thrown, which in one line is the word before, unless it comes
  // out of a promise.
  const thrown = isRejection ? null : /\bthrow\s+$/.exec(written.slice(0, from));
  const width = thrown ? 1 : to - from;
  if (thrown) from = thrown.index;
  return `${script}:${line}\n${written}\n${written.slice(0, from).replace(/[^\t]/g, ' ')}${'^'.repeat(width)}\n\n`;
}

/** An error's stack, when it is V8's own: a value, or from Node 22 on V8's own getter. Nothing of the program's runs. */
function stackOf(error: object): unknown {
  const own = Object.getOwnPropertyDescriptor(error, 'stack');
  if (!own?.get) return own?.value;
  return own.get === Object.getOwnPropertyDescriptor(new HostError(), 'stack')?.get ? own.get.call(error) : undefined;
}

/** Puts it back from now on. */
export function restoreExcerpts(addon: Addon, codeOf: CodeOf): void {
  const node = process as unknown as Process;
  node._fatalException = addon.wrap(
    node._fatalException,
    // Its place first: V8 forgets it when the stack is asked for.
    ([error, isRejection]: unknown[]) => ({ error, isRejection, place: addon.errorPlace(error) }),
    ({ error, isRejection, place }, isHandled) => {
      if (isHandled !== false || !place || typeof error !== 'object' || error === null) return;
      const excerpt = excerptOf(codeOf, place, isRejection === true);
      const stack = stackOf(error);
      if (excerpt !== undefined && typeof stack === 'string')
        Object.defineProperty(error, 'stack', { value: excerpt + stack });
    },
  );
}
