/**
 * esm: the loader thread of Node 20, where ES modules pass as text before they are compiled.
 *
 * Runs on a thread of Node's own, in an isolate of its own; function numbers are the process's, so what is registered here
 * holds on the thread that runs the module. Loads fire here as well: `load__start` when a module is asked for,
 * `load__done` when its text is there.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { fileURLToPath } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import { isStatus, loadAddon, type Addon } from './addon.cjs';
import { IDLE } from './instrument/pieces.cjs';
import { selector } from './instrument/select.cjs';
import type { SourceKind } from './instrument/index.cjs';
import { errorText } from './load.cjs';
import type { Options } from './options.cjs';
import { Refusals, Report } from './refusals.cjs';
import { Sources } from './source.cjs';

interface Context {
  readonly importAttributes?: object;
}
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

/**
 * The file that an outer registration of ours has in hand: what other loaders make of it is instrumented there. Meanwhile the same file
 * may be asked for by another name (`?query`), which is a module of its own.
 */
const inHand = new AsyncLocalStorage<string>();

/** Whether a warning of Node's about the module in hand is still to be printed. */
let warning = false;

/** Node prints warnings a moment later: a short program would have ended by then, as it needn't wait for this thread. */
function awaitWarnings(): void {
  const { emitWarning } = process;
  process.emitWarning = ((...args: Parameters<typeof emitWarning>) => {
    warning = true;
    emitWarning.apply(process, args);
  }) as typeof emitWarning;
}

/** Called by Node with what `hook.cts` registered; again when another loader has registered since. */
export function initialize(data: { options: Options; port: MessagePort }): void {
  data.port.unref();
  if (sources) {
    sources.refusals.teller = data.port;
    return;
  }
  const loaded = loadAddon();
  if (isStatus(loaded)) return;
  awaitWarnings();
  // Hooks of the program's own come by here before they run on this thread, where no function fires.
  for (const [name, value] of IDLE)
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  addon = loaded;
  const report = Report.of(data.options);
  const refusals = new Refusals(report);
  refusals.teller = data.port;
  const selected = selector(data.options, (pattern) => report?.tell('matched', { pattern }));
  sources = new Sources(loaded, data.options, selected, refusals);
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

/**
 * Whether a module is loaded for this thread: other loaders, and what these import. What the program imports comes by
 * message, and its objects have lost their null prototype on the way.
 */
const isForThisThread = ({ importAttributes }: Context): boolean =>
  importAttributes !== undefined && Object.getPrototypeOf(importAttributes) === null;

/** Instruments ES modules, and CommonJS that another loader has made; anything else passes. */
export async function load(
  url: string,
  context: Context,
  next: (url: string, context: Context) => Promise<LoadResult>,
): Promise<LoadResult> {
  if (!addon || !sources || !url.startsWith('file:') || isForThisThread(context)) return next(url, context);
  const file = fileURLToPath(url);
  if (inHand.getStore() === file) return next(url, context);
  const name = specifiers.get(url) ?? url;
  const startNs = process.hrtime.bigint();
  let problem = '';
  addon.loadStart(name, file);
  try {
    const result = await inHand.run(file, () => next(url, context));
    if (warning) await new Promise((printed) => setImmediate(printed));
    warning = false;
    const { format } = result;
    return format === 'module' || format === 'commonjs' ? instrumented(sources, result, file, format) : result;
  } catch (error) {
    problem = errorText(error);
    throw error;
  } finally {
    addon.loadDone(name, file, Number(process.hrtime.bigint() - startNs), problem);
  }
}

function instrumented(sources: Sources, result: LoadResult, file: string, kind: SourceKind): LoadResult {
  const { source } = result;
  // CommonJS that is as it is in its file has none: it will be compiled by `_compile`.
  if (source === null || source === undefined) return result;
  const text = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const code = sources.transform(text, file, [kind]);
  return code === undefined ? result : { ...result, source: code };
}
