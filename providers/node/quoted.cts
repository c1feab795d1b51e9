/**
 * quoted: what the message of an error would be if the program had been compiled as it was written.
 *
 * Called by: `messages.cts`, which loads it when it meets the first such message.
 */
import { compileFunction } from 'node:vm';
import { indexOf, slice } from './builtins.cjs';
import type { CallSite } from './columns.cjs';
import { MARKER, originalColumn, restore, restoreQuoted } from './instrument/pieces.cjs';
import { own } from './own.cjs';
import { codeOfScript, fitsSite, isMappedByNode, lineOf, mapOf, originalLine, type CodeOf } from './places.cjs';

/** How the message begins by which Node quotes a false expression. */
const FALSY = 'The expression evaluated to a falsy value:\n\n';

/** Whether Node takes the expression from the line that was compiled; older versions read the file. Found out once. */
let asksCompiled: boolean | undefined;
function isCompiledAsked(): boolean {
  if (asksCompiled !== undefined) return asksCompiled;
  asksCompiled = false; // while we ask, which formats a stack as well
  const { ok } = own('node:assert') as typeof import('node:assert');
  try {
    (compileFunction('return ok(0)', ['ok'], { filename: 'polyprobe: no such file' }) as (f: typeof ok) => void)(ok);
  } catch (error) {
    asksCompiled = indexOf((error as Error).message, 'ok(0)') >= 0;
  }
  return asksCompiled;
}

interface Token {
  readonly type: { readonly label: string };
  readonly start: number;
}

function tokensOf(text: string): Iterable<Token> {
  const { Parser } = own('acorn') as typeof import('acorn');
  return Parser.tokenizer(text, { ecmaVersion: 'latest' }) as Iterable<Token>;
}

/**
 * The expression at a column, as Node cuts it out of a line, to the letter.
 * https://github.com/nodejs/node/blob/v24.10.0/lib/internal/errors/error_source.js#L64
 */
export function firstExpression(line: string, column: number): string {
  let last: Token | undefined;
  let start: Token | undefined;
  let depth = 0;
  for (const token of tokensOf(line)) {
    const { label } = token.type;
    if (token.start < column) {
      const isAccess = ['.', '?.', '[', ']'].includes(label);
      if (label === ';') {
        start = undefined;
        continue;
      }
      if (isAccess && last?.type.label === 'name') start ??= last;
      else if (!isAccess && !['name', 'string', 'num'].includes(label)) start = undefined;
      last = token;
    } else if (label === '(') depth++;
    else if (label === ')' && --depth === 0) return line.slice(start?.start ?? column, token.start + 1);
    // Node finds nothing then.
    else if (label === ';') return '';
  }
  return line.slice(start?.start ?? column);
}

/** The function that an expression calls, by its last name: `ok` of `(0, assert_1.ok)(value)`. */
const CALLED = /([\w$]+)(?:['"`]?\])?\)?\s*(?:\?\.)?\(/;

/** Whether it may be `assert.ok`. What `equal` says of `true` looks the same. */
const isOk = (expression: string): boolean =>
  /^(?:ok|strict|default)$|assert/i.test(CALLED.exec(expression)?.[1] ?? '');

/** Characters that would disturb a terminal, as Node writes them. */
function escaped(text: string): string {
  let safe = '';
  for (const character of text) {
    const code = character.charCodeAt(0);
    const isSafe = code > 31 || code === 9 || code === 10 || code === 13;
    safe += isSafe ? character : (NAMED[code] ?? `\\u${code.toString(16).padStart(4, '0')}`);
  }
  return safe;
}
const NAMED: Partial<Record<number, string>> = { 8: '\\b', 12: '\\f' };

/**
 * What `assert.ok` says at a place; undefined where it is right already.
 * @param isCertain it is what `assert.ok` has said
 */
export function falsyMessage(codeOf: CodeOf, site: CallSite, isCertain: boolean): string | undefined {
  const name = site.getFileName();
  const line = site.getLineNumber();
  const code = typeof name === 'string' ? codeOfScript(codeOf, name, fitsSite(site)) : undefined;
  if (typeof name !== 'string' || line === null || code === undefined || isMappedByNode(code, name)) return undefined;
  const compiled = lineOf(code, line);
  if (compiled === undefined || indexOf(compiled, MARKER) < 0 || !isCompiledAsked()) return undefined;
  let column = originalColumn(compiled, site.getColumnNumber()!) - 1;
  let text = restore(compiled);
  if (process.sourceMapsEnabled) {
    const map = mapOf(name);
    const original = map && originalLine(map, line, column);
    if (!original) return undefined;
    ({ text, column } = original);
  }
  const expression = firstExpression(text.replace(/[\r\n\u2028\u2029]+$/, ''), column);
  return expression === '' || !(isCertain || isOk(expression)) ? undefined : `${FALSY}  ${escaped(expression)}\n`;
}

/** Text that was compiled and has a part; undefined if none has. */
export type CodeWith = (part: string) => string | undefined;

/** V8 cuts the text of a function that has more than 128 characters. https://github.com/v8/v8/blob/11.3.244/src/objects/objects.cc#L462 */
const OMITTED = '...<omitted>...';
const [MOST, HEAD, TAIL] = [128, 111, 2];

/** Where a function ends that begins at a place of an instrumented text: there, each has a body in braces. */
function endOfFunction(code: string, start: number): number {
  let depth = 0;
  let isBody = false;
  for (const token of tokensOf(slice(code, start))) {
    const { label } = token.type;
    if (label === '{' && depth === 0) isBody = true;
    if (label === '{' || label === '${' || label === '(' || label === '[') depth++;
    if ((label === '}' || label === ')' || label === ']') && --depth === 0 && isBody) return start + token.start + 1;
  }
  return code.length;
}

/** A message as it would be if what it quotes had been compiled as it was written. */
export function asWritten(message: string, codeWith: CodeWith): string {
  const cut = indexOf(message, OMITTED);
  if (cut < HEAD) return indexOf(message, MARKER) < 0 ? message : restoreQuoted(message);
  const head = slice(message, cut - HEAD, cut);
  const code = codeWith(head);
  if (code === undefined) return message;
  const start = indexOf(code, head);
  const text = restore(slice(code, start, endOfFunction(code, start)));
  const shown = text.length > MOST ? slice(text, 0, HEAD) + OMITTED + slice(text, text.length - TAIL) : text;
  return slice(message, 0, cut - HEAD) + shown + slice(message, cut + OMITTED.length + TAIL);
}
