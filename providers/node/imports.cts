/**
 * imports: what `import` loads, on Node.js 22.15 and later, by `module.registerHooks`, on the program's own thread.
 *
 * What is CommonJS in the end goes through `_compile` (`hook.cts`), with few exceptions. A hook shows in what Node prints when
 * a module can't be loaded, and costs at each `require` of a builtin: so they are put in when ES modules are in sight.
 * Who registers last is asked first and sees what the others have made of a file, so ours are put behind any that are
 * registered later.
 */
import Module = require('node:module');
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.cjs';
import { errorText } from './load.cjs';
import type { Sources } from './source.cjs';
import { isTypeScript, type TypeStripper } from './typescript.cjs';

interface Context {
  readonly conditions?: readonly string[];
}

interface LoadResult {
  format: string | null | undefined;
  source?: string | Uint8Array | ArrayBuffer | null;
  /** Node's mark on CommonJS that its loader will ask for again, through `_compile`. */
  shouldBeReloadedByCJSLoader?: boolean;
}

type Resolve = (
  specifier: string,
  context: Context,
  next: (s: string, c: Context) => { url: string },
) => { url: string };
type Load = (url: string, context: Context, next: (u: string, c: Context) => LoadResult) => LoadResult;
type RegisterHooks = (hooks: { resolve?: Resolve; load?: Load }) => { deregister(): void };

/** Node's modules, as far as @types/node 20 doesn't know them. */
interface NodeModule {
  registerHooks: RegisterHooks;
  register(...args: unknown[]): void;
}

const isImport = (context: Context): boolean => context.conditions?.includes('import') === true;

/** As Node reads modules' texts: without a byte order mark. */
const textOf = (source: string | Uint8Array | ArrayBuffer): string =>
  typeof source === 'string' ? source : new TextDecoder().decode(source);

/** The hooks for `import` of one isolate. */
export class Imports {
  readonly #addon: Addon;
  readonly #sources: Sources;
  readonly #types: TypeStripper;
  readonly #registerHooks: RegisterHooks;
  /** What `import` asked for, until it is loaded; known while loads are traced. */
  readonly #specifiers = new Map<string, string>();
  #loading: { deregister(): void } | undefined;
  #naming: { deregister(): void } | undefined;
  #names = false;
  /** Whether the program has loaders on a thread of their own: what they make of CommonJS isn't compiled by `_compile`. */
  #hasThreadLoaders: boolean;

  constructor(addon: Addon, sources: Sources, types: TypeStripper) {
    const node = Module as unknown as NodeModule;
    this.#addon = addon;
    this.#sources = sources;
    this.#types = types;
    this.#registerHooks = node.registerHooks;
    this.#hasThreadLoaders = /--(experimental-)?loader\b/.test(
      [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '),
    );
    const again = (): void => {
      if (!this.#loading) return;
      this.#remove();
      this.start();
    };
    node.registerHooks = addon.wrap(node.registerHooks, undefined, again);
    node.register = addon.wrap(node.register, () => {
      this.#hasThreadLoaders = true;
    });
  }

  get started(): boolean {
    return this.#loading !== undefined;
  }

  /** Puts the hooks in. They stay: files have to be instrumented before anybody knows whether they will be traced. */
  start(): void {
    this.#loading ??= this.#registerHooks({ load: (url, context, next) => this.#load(url, context, next) });
    if (this.#names)
      this.#naming ??= this.#registerHooks({ resolve: (name, context, next) => this.#resolve(name, context, next) });
  }

  /** Names by which modules are asked for take another hook, which more shows of: only while somebody wants them. */
  traceLoads(on: boolean): void {
    this.#names = on;
    if (on) this.start();
    else {
      this.#naming?.deregister();
      this.#naming = undefined;
      this.#specifiers.clear();
    }
  }

  #remove(): void {
    this.#loading?.deregister();
    this.#naming?.deregister();
    this.#loading = this.#naming = undefined;
  }

  #resolve(specifier: string, context: Context, next: Parameters<Resolve>[2]): { url: string } {
    const result = next(specifier, context);
    if (isImport(context) && result.url.startsWith('file:')) this.#specifiers.set(result.url, specifier);
    return result;
  }

  #load(url: string, context: Context, next: Parameters<Load>[2]): LoadResult {
    // What `require` loads passes here as well: it is told by `load.cts`, and instrumented by `_compile`.
    if (!url.startsWith('file:') || !isImport(context)) return next(url, context);
    const file = fileURLToPath(url);
    const result = this.#told(url, file, () => next(url, context));
    const { source, format } = result;
    if (source === null || source === undefined) return result;
    if (format === 'module') return this.#instrumented(result, textOf(source), file, 'module');
    const isModule = format === 'module-typescript';
    if (!isModule && (!format?.startsWith('commonjs') || this.#isForCompile(result))) return result;
    if (!isTypeScript(format)) return this.#instrumented(result, textOf(source), file, 'commonjs');
    const code = this.#types.module(textOf(source), url);
    return code === undefined ? result : this.#instrumented(result, code, file, isModule ? 'module' : 'commonjs');
  }

  /** Whether CommonJS will be compiled by `_compile`. */
  #isForCompile({ format, shouldBeReloadedByCJSLoader: marked }: LoadResult): boolean {
    // A loader on another thread has read it: only what is marked will be.
    if (this.#hasThreadLoaders) return marked === true;
    // Node 22 marks everything, and compiles TypeScript here; Node 24 doesn't.
    return format === 'commonjs' || marked === undefined;
  }

  #instrumented(result: LoadResult, text: string, file: string, format: 'module' | 'commonjs'): LoadResult {
    const code = this.#sources.transform(text, file, [format]);
    return code === undefined ? result : { ...result, format, source: code };
  }

  /** Fires load__start and load__done around a load; both only look at their sites when nobody traces. */
  #told(url: string, file: string, load: () => LoadResult): LoadResult {
    const name = this.#specifiers.get(url) ?? url;
    this.#specifiers.delete(url);
    const startNs = process.hrtime.bigint();
    this.#addon.loadStart(name, file);
    let problem = '';
    try {
      return load();
    } catch (error) {
      problem = errorText(error);
      throw error;
    } finally {
      this.#addon.loadDone(name, file, Number(process.hrtime.bigint() - startNs), problem);
    }
  }
}
