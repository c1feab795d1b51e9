/**
 * columns: stack traces show where things are in the file, not in what was compiled.
 *
 * Instrumentation keeps lines and moves columns. V8 hands call sites to Node, and Node to the program's formatter or its own;
 * ours come in between (addon/wrap.cc). Costs nothing until a trace is formatted.
 */
import {
  apply,
  create,
  defineProperty,
  getPrototypeOf,
  indexOf,
  lastIndexOf,
  ownKeys,
  slice,
  startsWith,
} from './builtins.cjs';
import { MARKER, restore } from './instrument/pieces.cjs';
import { codeOfScript, fitsSite, isMappedByNode, placeIn, type CodeOf, type Compiled, type Place } from './places.cjs';

/** What V8 hands out of a call, as far as it is used here. */
export interface CallSite {
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
  getScriptHash?(): string;
  toString(): string;
}

/** Where Node's functions are that we wrap. */
const LOADER = 'node:internal/modules/cjs/loader';

/**
 * V8 finds out what a method is called by looking for it in its object, where ours has taken its place. It may know another
 * name: that by which the function was made (Node 20), or that which it was given (builtins.cts).
 */
function wrapped(site: CallSite): string | undefined {
  if (site.getMethodName() !== null) return undefined;
  const name = site.getFunctionName();
  if (name === '_compile' || name === 'Module._compile') return '_compile';
  if (name === '_load' || name === 'Module._load') return '_load';
  if (name !== null) return undefined;
  const type = site.getTypeName();
  return type === 'Module' ? '_compile' : type === 'Function' ? '_load' : undefined;
}

/**
 * V8 makes up names for functions that have none, from names around them, ours too: `exports.list.__pp_d`.
 * @returns the name without ours; '' if nothing is left
 */
export function nameWithout(name: string): string {
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
  let prototype: object | undefined;

  const codeAt = (name: unknown, fits?: (code: Compiled) => boolean): Compiled | undefined => {
    const code = typeof name === 'string' ? codeOfScript(codeOf, name, fits) : undefined;
    return code === undefined || isMappedByNode(code, name as string) ? undefined : code;
  };
  const codeOfSite = (site: CallSite): Compiled | undefined => codeAt(site.getFileName(), fitsSite(site));
  /** A place of a site, or V8's own where nothing was moved. */
  const placeOf = (site: CallSite, line = site.getLineNumber(), column = site.getColumnNumber()): Place | undefined => {
    const code = codeOfSite(site);
    return code === undefined || line === null || column === null ? undefined : placeIn(code, line, column);
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
    const code = codeAt(slice(place, 0, first));
    const at = +slice(place, second + 1);
    const column = code === undefined ? at : placeIn(code, +slice(place, first + 1, second), at).column;
    return slice(origin, 0, start) + slice(place, 0, second + 1) + column + slice(origin, end);
  };
  const methods: Partial<Record<keyof CallSite, (site: CallSite) => unknown>> = {
    getFunctionName: (site) => {
      const name = site.getFunctionName();
      // What it was given it hasn't.
      if (site.getFileName() === LOADER && wrapped(site) === name) return null;
      return name !== null && indexOf(name, MARKER) >= 0 ? nameWithout(name) || null : name;
    },
    getLineNumber: (site) => placeOf(site)?.line ?? site.getLineNumber(),
    getColumnNumber: (site) => placeOf(site)?.column ?? site.getColumnNumber(),
    getEnclosingColumnNumber: (site) => {
      const column = site.getEnclosingColumnNumber!();
      return placeOf(site, site.getEnclosingLineNumber!(), column)?.column ?? column;
    },
    getPosition: (site) => {
      const position = site.getPosition();
      const code = codeOfSite(site);
      return code === undefined ? position : restore(slice(code.text, 0, position)).length;
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
        return at < 0 || name === undefined || site.getFunctionName() !== null
          ? text
          : `${slice(text, 0, at)}.${name}${slice(text, at + 12)}`;
      }
      const origin = site.getEvalOrigin();
      if (typeof origin === 'string') {
        const at = indexOf(text, origin);
        if (at >= 0) text = slice(text, 0, at) + rightOrigin(origin) + slice(text, at + origin.length);
      }
      const name = site.getFunctionName();
      if (name !== null && indexOf(name, MARKER) >= 0) text = callWithout(text, name);
      const place = placeOf(site);
      if (!place) return text;
      // "f (file:3:87)" or "file:3:87": the last numbers are the place.
      const wrong = `:${site.getLineNumber()}:${site.getColumnNumber()}`;
      const at = lastIndexOf(text, wrong);
      return at < 0 ? text : `${slice(text, 0, at)}:${place.line}:${place.column}${slice(text, at + wrong.length)}`;
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
    if (codeAt(name) !== undefined) return true;
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
