/**
 * Node's provider: loads, checks, starts. `require('polyprobe')` or `import 'polyprobe'` loads it in production; the
 * preload does the same under `polyprobe run`.
 *
 * Only modules loaded after it are instrumented, so it comes first. Everything here is done once for each isolate.
 */
import { join } from 'node:path';
import { isMainThread, parentPort, threadId } from 'node:worker_threads';
import { isStatus, loadAddon } from './addon.cjs';
import { callHook } from './call.cjs';
import { columnCorrector, type CodeOf } from './columns.cjs';
import { contextHook } from './context.cjs';
import { exceptionHook } from './exception.cjs';
import { restoreExcerpts } from './excerpt.cjs';
import { installLoaderHooks } from './hook.cjs';
import { selector } from './instrument/select.cjs';
import { MARKER, restore } from './instrument/pieces.cjs';
import { loadHook } from './load.cjs';
import { readOptions } from './options.cjs';
import { adopt } from './own.cjs';
import { programName, startsWithModules, whenProgramIsKnown } from './program.cjs';
import { requestHook } from './request.cjs';
import { Sources, type Refused } from './source.cjs';
import { statusOf, type Status } from './status.cjs';
import { Taps } from './taps.cjs';
import { toggler } from './toggle.cjs';

export type { Refused } from './source.cjs';
export type { Status, StatusCode } from './status.cjs';

interface Provider {
  readonly status: Status;
  readonly refused: readonly Refused[];
}

/** One provider for each isolate, however many copies of the package are loaded in it. */
const KEY = Symbol.for('polyprobe.provider');
const shared = globalThis as { [KEY]?: Provider };

function begin(): Provider {
  const options = readOptions();
  if (options.off) return { status: statusOf('disabled'), refused: [] };
  // Node's own loader thread runs preloads too (until 22.14 nothing else tells it apart): it has no parent.
  if (!isMainThread && parentPort === null) return { status: statusOf('loader-thread'), refused: [] };
  const addon = loadAddon();
  if (isStatus(addon)) return { status: addon, refused: [] };
  const sources = new Sources(addon, options, selector(options));
  const runtime = `node ${process.versions.node}${threadId === 0 ? '' : ` worker ${threadId}`}`;
  const context = contextHook(addon);
  const taps = new Taps(addon);
  const loads = loadHook(addon);
  const requests = requestHook(addon, context, taps);
  const toggle = toggler([context, requests, callHook(addon, context, taps), exceptionHook(addon), loads]);
  const why = addon.start(runtime, programName(), toggle, isMainThread, Object.getPrototypeOf(globalThis));
  if (why !== undefined) return { status: statusOf(why === 'abi' ? 'abi' : 'start-failed', why), refused: [] };
  if (options.functions) {
    const shown = addon.wrapToString(Function.prototype.toString, MARKER, restore);
    Object.defineProperty(Function.prototype, 'toString', {
      value: shown,
      writable: true,
      configurable: true,
      enumerable: false,
    });
    const codeOf: CodeOf = (file, isModule) => sources.codeOf(file, isModule);
    addon.onStackTrace(columnCorrector(codeOf));
    // A worker's errors are printed by the main thread, without an excerpt.
    if (isMainThread) restoreExcerpts(addon, codeOf);
  }
  const imports = installLoaderHooks(addon, options, sources);
  loads.follow(imports);
  whenProgramIsKnown(addon, () => {
    addon.setProgram(programName());
    if (options.functions && startsWithModules()) imports.start();
  });
  return {
    status: statusOf('on'),
    // Asked anew each time: other threads tell theirs late.
    get refused() {
      return sources.refused;
    },
  };
}

/**
 * Starts the provider in this isolate; a second call does nothing. Never throws.
 * @returns what `status()` returns
 */
export function start(): Status {
  let provider = shared[KEY];
  if (!provider) {
    try {
      provider = begin();
    } catch (error) {
      provider = { status: statusOf('start-failed', String(error)), refused: [] };
    }
    Object.defineProperty(globalThis, KEY, { value: provider, configurable: true });
  }
  return provider.status;
}

/** Whether probes fire in this isolate, and if not, why and what to do. */
export function status(): Status {
  return shared[KEY]?.status ?? statusOf('not-started');
}

/** Files that were to be instrumented and couldn't be: they run as they are, their functions don't fire. */
export function refused(): readonly Refused[] {
  return shared[KEY]?.refused ?? [];
}

start();
// What a preload loads, the program hasn't asked for. (Deprecated, because ES modules don't have it.)
// eslint-disable-next-line @typescript-eslint/no-deprecated
adopt(module.parent?.filename === join(__dirname, 'preload.cjs') ? undefined : __filename);
