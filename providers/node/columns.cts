/**
 * columns: stack traces show where things are in the file, not in what was compiled.
 *
 * Instrumentation keeps lines and moves columns. V8 hands call sites to Node, and Node to the program's formatter or its own;
 * ours come in between (addon/wrap.cc). Costs nothing until a trace is formatted.
 */
import { fileURLToPath } from 'node:url';
import { originalColumn } from './instrument/pieces.cjs';

interface CallSite {
  getFileName(): string | null | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  toString(): string;
}

/** What V8 compiled of a file; undefined when it was compiled as it is. */
export type CodeOf = (file: string, isModule: boolean) => string | undefined;

/** Starts of lines, kept for the file that was asked for last: a trace stays in few files. */
class Lines {
  #code = '';
  #starts: number[] = [];

  text(code: string, line: number): string | undefined {
    if (code !== this.#code) {
      this.#code = code;
      this.#starts = [0];
      for (const match of code.matchAll(/\r\n?|[\n\u2028\u2029]/g)) this.#starts.push(match.index + match[0].length);
    }
    const start = this.#starts[line - 1];
    return start === undefined ? undefined : code.slice(start, this.#starts[line]);
  }
}

/** A call site with another column. V8's own methods accept only V8's own objects, so each is asked in its place. */
type Site = CallSite & { readonly site: CallSite; readonly column: number };

/** Made from the first site seen: V8's versions differ in what a site can be asked. */
function makePrototype(site: CallSite): object {
  const prototype: Record<string, unknown> = {};
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(site))) {
    if (name === 'constructor') continue;
    prototype[name] = function (this: Site, ...args: unknown[]): unknown {
      const method = (this.site as unknown as Record<string, (...args: unknown[]) => unknown>)[name]!;
      return method.apply(this.site, args);
    };
  }
  prototype['getColumnNumber'] = function (this: Site): number {
    return this.column;
  };
  prototype.toString = function (this: Site): string {
    const text = this.site.toString();
    // "f (file:3:87)" or "file:3:87": the last number is the column.
    const wrong = `:${this.site.getColumnNumber()}`;
    const at = text.lastIndexOf(wrong);
    return at < 0 ? text : `${text.slice(0, at)}:${this.column}${text.slice(at + wrong.length)}`;
  };
  return prototype;
}

/** What V8's call sites are passed through on their way to the formatter. */
export function columnCorrector(codeOf: CodeOf): (sites: CallSite[]) => CallSite[] {
  const lines = new Lines();
  let prototype: object | undefined;

  const rightColumn = (site: CallSite, column: number): number => {
    const [name, line] = [site.getFileName(), site.getLineNumber()];
    if (line === null || typeof name !== 'string') return column;
    const isModule = name.startsWith('file:');
    const code = codeOf(isModule ? fileURLToPath(name) : name, isModule);
    // Node maps the compiled text's columns itself; the map was moved along with them.
    if (code === undefined || (process.sourceMapsEnabled && code.includes('//# sourceMappingURL='))) return column;
    const text = lines.text(code, line);
    return text === undefined ? column : originalColumn(text, column);
  };
  return (sites) =>
    sites.map((site) => {
      const column = site.getColumnNumber();
      if (column === null) return site;
      const right = rightColumn(site, column);
      if (right === column) return site;
      prototype ??= makePrototype(site);
      return Object.create(prototype, { site: { value: site }, column: { value: right } }) as Site;
    });
}
