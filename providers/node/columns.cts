/**
 * columns: stack traces show where things are in the file, not in what was compiled.
 *
 * Instrumentation keeps lines and moves columns. V8 hands call sites to Node, and Node to the program's formatter or its own;
 * ours come in between (addon/wrap.cc). Costs nothing until a trace is formatted.
 */
import { fileURLToPath } from 'node:url';
import {
  apply,
  create,
  defineProperty,
  getPrototypeOf,
  indexOf,
  lastIndexOf,
  mapGet,
  mapSet,
  ownKeys,
  slice,
  startsWith,
} from './builtins.cjs';
import { MARKER, originalColumn, restore } from './instrument/pieces.cjs';

interface CallSite {
  getFileName(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  getEvalOrigin(): string | undefined;
  getPosition(): number;
  getFunctionName(): string | null;
  getMethodName(): string | null;
  getTypeName(): string | null;
  getEnclosingLineNumber?(): number | null;
  getEnclosingColumnNumber?(): number | null;
  toString(): string;
}

/** What V8 compiled of a file; undefined when it was compiled as it is. */
export type CodeOf = (file: string, isModule: boolean) => string | undefined;

/** Lines of compiled texts: where they start is kept for each file that was asked for. */
export class Lines {
  readonly #starts = new Map<string, number[]>();

  text(file: string, code: string, line: number): string | undefined {
    let starts = mapGet(this.#starts, file);
    if (!starts) mapSet(this.#starts, file, (starts = lineStarts(code)));
    const start = starts[line - 1];
    return start === undefined ? undefined : slice(code, start, starts[line]);
  }
}

/** As V8 counts lines; a carriage return alone, or U+2028, is rare enough to be looked for first. */
function lineStarts(code: string): number[] {
  const ends = ['\n'];
  if (indexOf(code, '\r') >= 0) ends[ends.length] = '\r';
  if (indexOf(code, '\u2028') >= 0) ends[ends.length] = '\u2028';
  if (indexOf(code, '\u2029') >= 0) ends[ends.length] = '\u2029';
  const next: number[] = [];
  for (let i = 0; i < ends.length; i++) next[i] = indexOf(code, ends[i]!);
  const starts = [0];
  for (;;) {
    let first = -1;
    for (let i = 0; i < next.length; i++) if (next[i]! >= 0 && (first < 0 || next[i]! < next[first]!)) first = i;
    if (first < 0) return starts;
    const at = next[first]!;
    next[first] = indexOf(code, ends[first]!, at + 1);
    // A carriage return and a line feed end one line.
    if (ends[first] === '\r' && code[at + 1] === '\n') continue;
    starts[starts.length] = at + 1;
  }
}

/** Where Node's functions are that we wrap. */
const LOADER = 'node:internal/modules/cjs/loader';

/**
 * V8 finds out what a method is called by looking for it in its object, where ours has taken its place. Where it knows
 * no other name (Node 20's workers), it knows none.
 */
function wrapped(site: CallSite): string | undefined {
  if (site.getFunctionName() !== null || site.getMethodName() !== null) return undefined;
  const type = site.getTypeName();
  return type === 'Module' ? '_compile' : type === 'Function' ? '_load' : undefined;
}

/**
 * V8 makes up names for functions that have none, from names around them, ours too: `exports.list.__pp_d`.
 * @returns the name without ours; '' if nothing is left
 */
function nameWithout(name: string): string {
  const at = indexOf(name, MARKER);
  return at < 1 ? '' : slice(name, 0, at - 1);
}

/** What V8 writes of a call, with a name that has something of ours in it. */
function callWithout(text: string, name: string): string {
  const at = indexOf(text, name);
  const kept = nameWithout(name);
  const [before, after] = [slice(text, 0, at), slice(text, at + name.length)];
  if (kept !== '') return before + kept + after;
  if (at > 0 && text[at - 1] === '.') return `${before}<anonymous>${after}`;
  const hasPlace = startsWith(after, ' (') && text.endsWith(')');
  return hasPlace ? before + slice(after, 2, after.length - 1) : before + after;
}

/** A call site with other columns. V8's own methods accept only V8's own objects, so each is asked in its place. */
type Site = CallSite & { readonly site: CallSite };

/** What V8's call sites are passed through on their way to the formatter. */
export function columnCorrector(codeOf: CodeOf): (sites: CallSite[]) => CallSite[] {
  const lines = new Lines();
  let prototype: object | undefined;

  const codeAt = (name: string): string | undefined => {
    const isModule = startsWith(name, 'file:');
    const code = codeOf(isModule ? fileURLToPath(name) : name, isModule);
    // Node maps the compiled text's columns itself; the map was moved along with them.
    return code !== undefined && process.sourceMapsEnabled && indexOf(code, '//# sourceMappingURL=') >= 0
      ? undefined
      : code;
  };
  const rightColumn = (name: unknown, line: number | null, column: number): number => {
    if (line === null || typeof name !== 'string') return column;
    const code = codeAt(name);
    const text = code === undefined ? undefined : lines.text(name, code, line);
    return text === undefined ? column : originalColumn(text, column);
  };
  /** `eval at f (eval at g (file:3:87))`: the innermost place is one in a file. */
  const rightOrigin = (origin: string): string => {
    let start = 0;
    let end = origin.length;
    while (startsWith(origin, 'eval at ', start)) {
      const open = indexOf(origin, ' (', start);
      if (open < 0) return origin;
      start = open + 2;
      end--;
    }
    const place = slice(origin, start, end);
    const second = lastIndexOf(place, ':');
    const first = second < 1 ? -1 : lastIndexOf(place, ':', second - 1);
    if (first < 0) return origin;
    const column = rightColumn(slice(place, 0, first), +slice(place, first + 1, second), +slice(place, second + 1));
    return slice(origin, 0, start) + slice(place, 0, second + 1) + column + slice(origin, end);
  };
  const methods: Partial<Record<keyof CallSite, (site: CallSite) => unknown>> = {
    getFunctionName: (site) => {
      const name = site.getFunctionName();
      return name !== null && indexOf(name, MARKER) >= 0 ? nameWithout(name) || null : name;
    },
    getColumnNumber: (site) => rightColumn(site.getFileName(), site.getLineNumber(), site.getColumnNumber()!),
    getEnclosingColumnNumber: (site) =>
      rightColumn(site.getFileName(), site.getEnclosingLineNumber!(), site.getEnclosingColumnNumber!()!),
    getPosition: (site) => {
      const name = site.getFileName();
      const position = site.getPosition();
      const code = typeof name === 'string' ? codeAt(name) : undefined;
      return code === undefined ? position : restore(slice(code, 0, position)).length;
    },
    getMethodName: (site) => (site.getFileName() === LOADER ? wrapped(site) : undefined) ?? site.getMethodName(),
    getEvalOrigin: (site) => {
      const origin = site.getEvalOrigin();
      return typeof origin === 'string' ? rightOrigin(origin) : origin;
    },
    toString: (site) => {
      let text = site.toString();
      if (site.getFileName() === LOADER) {
        const at = indexOf(text, '.<anonymous> (');
        const name = wrapped(site);
        return at < 0 || name === undefined ? text : `${slice(text, 0, at)}.${name}${slice(text, at + 12)}`;
      }
      const origin = site.getEvalOrigin();
      if (typeof origin === 'string') {
        const at = indexOf(text, origin);
        if (at >= 0) text = slice(text, 0, at) + rightOrigin(origin) + slice(text, at + origin.length);
      }
      const name = site.getFunctionName();
      if (name !== null && indexOf(name, MARKER) >= 0) text = callWithout(text, name);
      const column = site.getColumnNumber();
      if (column === null) return text;
      // "f (file:3:87)" or "file:3:87": the last number is the column.
      const wrong = `:${column}`;
      const at = lastIndexOf(text, wrong);
      if (at < 0) return text;
      return `${slice(text, 0, at)}:${rightColumn(site.getFileName(), site.getLineNumber(), column)}${slice(text, at + wrong.length)}`;
    },
  };
  /** Made from the first site seen: V8's versions differ in what a site can be asked. */
  const makePrototype = (site: CallSite): object => {
    const own = getPrototypeOf(site) as Record<string | symbol, unknown>;
    const made = create(own) as object;
    const names = ownKeys(own);
    // The program may have replaced what for-of asks.
    // eslint-disable-next-line @typescript-eslint/prefer-for-of
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!;
      const corrected = methods[name as keyof CallSite];
      const value = own[name];
      const method = function (this: Site, ...args: unknown[]): unknown {
        return corrected ? corrected(this.site) : apply(value as () => unknown, this.site, args);
      };
      const isMethod = name !== 'constructor' && typeof value === 'function';
      defineProperty(made, name, {
        value: isMethod ? method : value,
        writable: true,
        configurable: true,
        enumerable: false,
      });
    }
    return made;
  };
  const moved = (site: CallSite): boolean => {
    const name = site.getFileName();
    if (name === LOADER && wrapped(site) !== undefined) return true;
    if (typeof name === 'string' && codeAt(name) !== undefined) return true;
    const origin = site.getEvalOrigin();
    return typeof origin === 'string' && rightOrigin(origin) !== origin;
  };
  return (sites) => {
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i]!;
      if (!moved(site)) continue;
      prototype ??= makePrototype(site);
      sites[i] = create(prototype, { site: { value: site } }) as Site;
    }
    return sites;
  };
}
