/**
 * hook: puts `source.cts` into Node's loaders.
 *
 * Node 20: `Module.prototype._compile` for CommonJS, and a loader thread (`esm.cts`) for ES modules, which costs 30 ms and
 * is therefore started when the first `import` is in sight. Node 22.15 and later: `module.registerHooks`, on this thread.
 * Called by `index.cts`, once for each isolate.
 */
import Module = require('node:module');
import { readFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MessageChannel, isMainThread, type MessagePort } from 'node:worker_threads';
import type { Addon } from './addon.cjs';
import type { SourceKind } from './instrument/index.cjs';
import { errorText } from './load.cjs';
import type { Options } from './options.cjs';
import { instrumenting, type Sources } from './source.cjs';

/** Node's modules, as far as @types/node 20 doesn't know them. */
interface NodeModule {
  prototype: { _compile: (content: string, filename: string, format?: string) => unknown };
  register(specifier: string | URL, options: { data: unknown; transferList: readonly MessagePort[] }): void;
  runMain(...args: unknown[]): void;
  syncBuiltinESMExports(): void;
  registerHooks?(hooks: {
    resolve(
      specifier: string,
      context: HookContext,
      next: (specifier: string, context: HookContext) => { url: string },
    ): { url: string };
    load(url: string, context: HookContext, next: (url: string, context: HookContext) => LoadResult): LoadResult;
  }): unknown;
}

interface HookContext {
  readonly conditions?: readonly string[];
}

interface LoadResult {
  format: string | null | undefined;
  source?: string | Uint8Array | ArrayBuffer | null;
}

const KINDS: Record<string, readonly SourceKind[]> = {
  module: ['module'],
  commonjs: ['commonjs'],
};
/** What a file is when nobody has said. */
const EITHER: readonly SourceKind[] = ['commonjs', 'module'];

/** A first sign of `import` in a program: better one too many. */
const IMPORT = /\bimport\b\s*[\s({*'"\w$]/;

/** The file that Node will run, as it finds it: `node .` and links to programs have names without an extension. */
function mainFile(): string | undefined {
  const main = process.argv[1];
  if (main === undefined) return undefined;
  try {
    return Module.createRequire(join(process.cwd(), 'main')).resolve(resolve(main));
  } catch {
    return main;
  }
}

/** Whether the main program is, or may soon be, loaded by the loader for ES modules. */
function mainIsModule(): boolean {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/--(import|loader|experimental-loader|input-type|experimental-default-type)\b/.test(flags)) return true;
  const main = mainFile();
  if (main === undefined) return IMPORT.test((process as { _eval?: string })._eval ?? '');
  const extension = extname(main);
  if (extension === '.mjs') return true;
  if (extension !== '.js' && extension !== '') return false;
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8');
      return (JSON.parse(text) as { type?: unknown }).type === 'module';
    } catch {
      if (dirname(folder) === folder) return false;
    }
  }
}

/** Fires load__start and load__done around a load; both only look at their sites when nobody traces. */
function toldLoad(addon: Addon, name: string, file: string, load: () => LoadResult): LoadResult {
  const startNs = process.hrtime.bigint();
  addon.loadStart(name, file);
  let problem = '';
  try {
    return load();
  } catch (error) {
    problem = errorText(error);
    throw error;
  } finally {
    addon.loadDone(name, file, Number(process.hrtime.bigint() - startNs), problem);
  }
}

/** Puts the hooks in. They stay: files have to be instrumented before anybody knows whether they will be traced. */
export function installLoaderHooks(addon: Addon, options: Options, sources: Sources): void {
  const node = Module as unknown as NodeModule;
  if (node.registerHooks) {
    /** What `import` asked for, until it is loaded. `require` tells its loads itself (`load.cts`). */
    const specifiers = new Map<string, string>();
    const isImport = (context: HookContext): boolean => context.conditions?.includes('import') === true;
    node.registerHooks({
      resolve(specifier, context, next) {
        const result = next(specifier, context);
        if (isImport(context) && result.url.startsWith('file:')) specifiers.set(result.url, specifier);
        return result;
      },
      load(url, context, next) {
        if (!url.startsWith('file:')) return next(url, context);
        const file = fileURLToPath(url);
        const load = (): LoadResult => next(url, context);
        const result = isImport(context) ? toldLoad(addon, specifiers.get(url) ?? url, file, load) : load();
        specifiers.delete(url);
        if (result.source === null || result.source === undefined) return result;
        // No format: Node will look at the text itself.
        const kinds = result.format ? KINDS[result.format] : EITHER;
        if (!kinds) return result;
        const text =
          typeof result.source === 'string' ? result.source : Buffer.from(result.source as Uint8Array).toString();
        const code = sources.transform(text, file, kinds);
        return code === undefined ? result : { ...result, source: code };
      },
    });
    return;
  }
  let registered = false;
  let registering = false;
  const registerForImports = (again = false): void => {
    if (registered && !again) return;
    registered = registering = true;
    const { port1, port2 } = new MessageChannel();
    sources.hearRefusals(port1);
    node.register(pathToFileURL(join(__dirname, 'esm.cjs')), { data: { options, port: port2 }, transferList: [port2] });
    registering = false;
  };
  const prototype = node.prototype;
  prototype._compile = addon.wrap(prototype._compile, (args: unknown[]) => {
    const [content, filename, format] = args;
    if (typeof content !== 'string' || typeof filename !== 'string') return;
    if (!registered && !instrumenting() && IMPORT.test(content)) registerForImports();
    const kinds = (typeof format === 'string' ? KINDS[format] : undefined) ?? EITHER;
    const code = sources.transform(content, filename, kinds);
    // Node will find out as well that it is an ES module, and hand it to the loader for those.
    if (sources.lastKind === 'module') registerForImports();
    else if (code !== undefined) args[0] = code;
  });
  // Loaders that turn something else into JavaScript (tsx) register after us and are asked before us. So we register once
  // more behind them: who is last sees what will be compiled.
  node.register = addon.wrap(
    node.register,
    () => registering,
    (ours) => {
      if (!ours) registerForImports(true);
    },
  );
  if (!isMainThread) {
    // A worker's program isn't known while preloads run, but when it is about to be run. Only once: a stack trace says under
    // which name a function was called, and finds out by looking.
    const { runMain } = node;
    node.runMain = addon.wrap(runMain, () => {
      node.runMain = runMain;
      if (mainIsModule()) registerForImports();
    });
  }
  node.syncBuiltinESMExports();
  if (mainIsModule()) registerForImports();
}
