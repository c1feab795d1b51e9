/**
 * typescript: TypeScript as Node would have compiled it, before it is instrumented. Called by `hook.cts` and `imports.cts`.
 *
 * Node hands TypeScript on as it is in the file, and takes the types out behind the last hook. So we have it done first, by the
 * same code and with the same result: types become blanks, and where Node transforms, a source map leads back.
 */
import Module = require('node:module');
import { pathToFileURL } from 'node:url';

type Strip = (code: string, options: { mode: 'strip' | 'transform'; sourceMap?: boolean; sourceUrl: string }) => string;
type Compile = (this: object, content: string, filename: string, format?: string) => unknown;

/** What Node calls a file of TypeScript, and what is left of it; it looks itself where nobody has said. */
const FORMATS = new Map<unknown, 'commonjs' | 'module' | undefined>([
  ['commonjs-typescript', 'commonjs'],
  ['module-typescript', 'module'],
  ['typescript', undefined],
]);

/** Whether a format is TypeScript. */
export function isTypeScript(format: unknown): boolean {
  return FORMATS.has(format);
}

/** What the format of a file of TypeScript is without types. */
export function strippedFormat(format: unknown): 'commonjs' | 'module' | undefined {
  return FORMATS.get(format);
}

/** Calls Node's own, which warns that it is experimental: the program hasn't asked for it, so nobody is told. */
function quietly(strip: Strip, ...args: Parameters<Strip>): string {
  const own = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  if (own && !own.configurable) throw new Error('process.emitWarning is locked');
  Object.defineProperty(process, 'emitWarning', { value: () => undefined, configurable: true, writable: true });
  try {
    return strip(...args);
  } finally {
    if (own) Object.defineProperty(process, 'emitWarning', own);
    else delete (process as { emitWarning?: unknown }).emitWarning;
  }
}

/** Takes types out of what passes through one isolate's loaders. */
export class TypeStripper {
  readonly #compile: Compile;
  #namesByUrl: boolean | undefined;
  #warned = false;

  /** @param compile Node's own `Module.prototype._compile` */
  constructor(compile: Compile) {
    this.#compile = compile;
  }

  /** For what `_compile` is given. @returns undefined when Node should see the text itself, because it will complain */
  file(source: string, path: string): string | undefined {
    // Since some version of 24, scripts from TypeScript are called by their URLs, even where they are CommonJS.
    this.#namesByUrl ??= String(this.#compile).includes('convertCJSFilenameToURL');
    return this.module(source, this.#namesByUrl ? pathToFileURL(path).href : path);
  }

  /** For ES modules. @param name what Node calls the script */
  module(source: string, name: string): string | undefined {
    const { stripTypeScriptTypes: strip } = Module as unknown as { stripTypeScriptTypes?: Strip };
    // What lies in node_modules Node refuses, and says so.
    if (!strip || /[\\/]node_modules[\\/]/.test(name)) return undefined;
    const transforms = (process.features as { typescript?: unknown }).typescript === 'transform';
    try {
      const code = quietly(strip, source, {
        ...(transforms ? { mode: 'transform', sourceMap: true } : { mode: 'strip' }),
        sourceUrl: name,
      });
      if (transforms) this.#warn();
      return code;
    } catch {
      return undefined;
    }
  }

  /** Node warns when it transforms its first file, which would be this one: so it gets one, an empty one. */
  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#compile.call(new Module(''), '', '', 'commonjs-typescript');
  }
}
