/**
 * hook: puts `source.cts` into Node's loaders.
 *
 * Node 20: `Module.prototype._compile` for CommonJS, and a loader thread (`esm.cts`) for ES modules, which costs 30 ms and
 * is therefore started when the first `import` is in sight. Node 22.15 and later: `module.registerHooks`, on this thread.
 * Called by `index.cts`, once for each isolate.
 */
import Module = require('node:module');
import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Addon } from './addon.cjs';
import type { SourceKind } from './instrument/index.cjs';
import type { Options } from './options.cjs';
import { instrumenting, type Sources } from './source.cjs';

/** Node's modules, as far as @types/node 20 doesn't know them. */
interface NodeModule {
  prototype: { _compile: (content: string, filename: string, format?: string) => unknown };
  register(specifier: string | URL, options: { parentURL?: URL; data?: unknown }): void;
  registerHooks?(hooks: {
    load(url: string, context: unknown, next: (url: string, context: unknown) => LoadResult): LoadResult;
  }): unknown;
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

/** Whether the main program is, or may soon be, loaded by the loader for ES modules. */
function mainIsModule(): boolean {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/--(import|loader|experimental-loader|input-type|experimental-default-type)\b/.test(flags)) return true;
  const main = process.argv[1];
  if (main === undefined) return IMPORT.test((process as { _eval?: string })._eval ?? '');
  const extension = extname(main);
  if (extension === '.mjs') return true;
  if (extension !== '.js') return false;
  for (let folder = dirname(main); ; folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8');
      return (JSON.parse(text) as { type?: unknown }).type === 'module';
    } catch {
      if (dirname(folder) === folder) return false;
    }
  }
}

/** Puts the hooks in. They stay: files have to be instrumented before anybody knows whether they will be traced. */
export function installLoaderHooks(addon: Addon, options: Options, sources: Sources): void {
  const node = Module as unknown as NodeModule;
  if (node.registerHooks) {
    node.registerHooks({
      load(url, context, next) {
        const result = next(url, context);
        if (!url.startsWith('file:') || result.source === null || result.source === undefined) return result;
        const kinds = KINDS[result.format ?? ''];
        if (!kinds) return result;
        const text = typeof result.source === 'string' ? result.source : Buffer.from(result.source as Uint8Array).toString();
        const code = sources.transform(text, fileURLToPath(url), kinds);
        return code === undefined ? result : { ...result, source: code };
      },
    });
    return;
  }
  let registered = false;
  const registerForImports = (): void => {
    if (registered) return;
    registered = true;
    node.register(pathToFileURL(join(__dirname, 'esm.cjs')), { data: { options } });
  };
  const prototype = node.prototype;
  prototype._compile = addon.wrap(prototype._compile, (args: unknown[]) => {
    const [content, filename, format] = args;
    if (typeof content !== 'string' || typeof filename !== 'string') return;
    if (!registered && !instrumenting() && IMPORT.test(content)) registerForImports();
    const kinds = (typeof format === 'string' && KINDS[format]) || EITHER;
    args[0] = sources.transform(content, filename, kinds) ?? content;
  });
  if (mainIsModule()) registerForImports();
}
