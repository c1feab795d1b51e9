/**
 * esm: the loader thread of Node 20, where ES modules pass as text before they are compiled.
 *
 * Runs on a thread of Node's own, in an isolate of its own; function numbers are the process's, so what is registered here
 * holds on the thread that runs the module. Loads fire here as well: `load__start` when a module is asked for,
 * `load__done` when its text is there.
 */
import { fileURLToPath } from 'node:url';
import { isStatus, loadAddon, type Addon } from './addon.cjs';
import { selector } from './instrument/select.cjs';
import { errorText } from './load.cjs';
import type { Options } from './options.cjs';
import { Sources } from './source.cjs';

interface ResolveResult {
  url: string;
}
interface LoadResult {
  format?: string | null;
  source?: string | Uint8Array | ArrayBuffer | null;
}

let addon: Addon | undefined;
let sources: Sources | undefined;
/** What the program called a module, until it is loaded. */
const specifiers = new Map<string, string>();

/** Called once by Node with what `hook.cts` registered. */
export function initialize(data: { options: Options }): void {
  const loaded = loadAddon();
  if (isStatus(loaded)) return;
  addon = loaded;
  sources = new Sources(loaded, data.options, selector(data.options));
}

/** Remembers what the program asked for. */
export async function resolve(
  specifier: string,
  context: unknown,
  next: (specifier: string, context: unknown) => Promise<ResolveResult>,
): Promise<ResolveResult> {
  const result = await next(specifier, context);
  if (result.url.startsWith('file:') && !specifiers.has(result.url)) specifiers.set(result.url, specifier);
  return result;
}

/** Instruments ES modules; anything else passes. */
export async function load(
  url: string,
  context: unknown,
  next: (url: string, context: unknown) => Promise<LoadResult>,
): Promise<LoadResult> {
  if (!addon || !sources || !url.startsWith('file:')) return next(url, context);
  const file = fileURLToPath(url);
  const name = specifiers.get(url) ?? url;
  const startNs = process.hrtime.bigint();
  const elapsedNs = (): number => Number(process.hrtime.bigint() - startNs);
  addon.loadStart(name, file);
  let result: LoadResult;
  try {
    result = await next(url, context);
  } catch (error) {
    addon.loadDone(name, file, elapsedNs(), errorText(error));
    throw error;
  }
  if (result.format === 'module' && result.source !== null && result.source !== undefined) {
    const text =
      typeof result.source === 'string'
        ? result.source
        : Buffer.from(result.source as Uint8Array).toString();
    const code = sources.transform(text, file, ['module']);
    if (code !== undefined) result = { ...result, source: code };
  }
  addon.loadDone(name, file, elapsedNs(), '');
  return result;
}
