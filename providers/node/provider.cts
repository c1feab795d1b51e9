/**
 * provider: loads the native part, checks, and puts everything together. Done once for each isolate.
 *
 * Called by: `index.cts`, in a realm of its own (realm.cts): what the program means by `Function` is `host.Function` here.
 */
import { isMainThread, parentPort, threadId } from 'node:worker_threads';
import { isStatus, loadAddon } from './addon.cjs';
import { callHook } from './call.cjs';
import { columnCorrector, type CallSite } from './columns.cjs';
import { contextHook } from './context.cjs';
import { installLoaderHooks } from './hook.cjs';
import { host } from './host.cjs';
import { selector } from './instrument/select.cjs';
import { MARKER, restore } from './instrument/pieces.cjs';
import { loadHook } from './load.cjs';
import { messageCorrector, watchCallSites, watchClones } from './messages.cjs';
import { originalPlaces } from './originals.cjs';
import type { CodeOf } from './places.cjs';
import { readOptions, type Options } from './options.cjs';
import { programName, startsWithModules, whenProgramIsKnown } from './program.cjs';
import { requestHook } from './request.cjs';
import { Refusals, refusedFile, Report, reportStart, type Refused } from './refusals.cjs';
import { Sources } from './source.cjs';
import { statusOf, type Status } from './status.cjs';
import { Taps } from './taps.cjs';
import { toggler } from './toggle.cjs';
import { watchUncaught } from './uncaught.cjs';

/** What runs in an isolate. */
export interface Provider {
  readonly status: Status;
  readonly refused: readonly Refused[];
}

/** Starts in this isolate. May throw. */
export function begin(): Provider {
  const options = readOptions();
  const report = Report.of(options);
  const provider = beginWith(options, report);
  reportStart(report, programName(), provider.status);
  if (report && provider.status.active) reportAtExit(report, options, provider);
  return provider;
}

function beginWith(options: Options, report: Report | undefined): Provider {
  if (options.off) return { status: statusOf('disabled'), refused: [] };
  // Node's own loader thread runs preloads too (until 22.14 nothing else tells it apart): it has no parent.
  if (!isMainThread && parentPort === null) return { status: statusOf('loader-thread'), refused: [] };
  const addon = loadAddon();
  if (isStatus(addon)) return { status: addon, refused: [] };
  const refusals = new Refusals(report);
  const selected = selector(options, (pattern) => report?.tell('matched', { pattern }));
  const sources = new Sources(addon, options, selected, refusals);
  const runtime = `node ${process.versions.node}${threadId === 0 ? '' : ` worker ${threadId}`}`;
  const context = contextHook(addon);
  const taps = new Taps(addon);
  const loads = loadHook(addon);
  const requests = requestHook(addon, context, taps);
  const toggle = toggler([context, requests, callHook(addon, context, taps), loads]);
  // Nothing that a program adds to prototypes is found in it; and V8 folds what isn't there only in objects of this form.
  const nobody = Object.freeze(Object.setPrototypeOf({}, null) as object);
  const why = addon.start(runtime, programName(), toggle, isMainThread, Object.getPrototypeOf(host), nobody);
  if (why !== undefined) return { status: statusOf(why === 'abi' ? 'abi' : 'start-failed', why), refused: [] };
  const codeOf: CodeOf = (file, isModule, fits) => sources.codeOf(file, isModule, fits);
  watchUncaught(addon, codeOf);
  if (options.functions) {
    const shown = addon.wrapText(host.Function.prototype.toString, MARKER, restore);
    Object.defineProperty(host.Function.prototype, 'toString', {
      value: shown,
      writable: true,
      configurable: true,
      enumerable: false,
    });
    const codeWith = (part: string): string | undefined => sources.codeWith(part);
    const [correctMessage, correctColumns] = [messageCorrector(codeOf, codeWith), columnCorrector(codeOf)];
    addon.onStackTrace((sites: CallSite[], error) => {
      correctMessage(error, sites[0]);
      return correctColumns(sites);
    });
    watchClones(addon, codeWith);
    watchCallSites(addon, codeOf);
    addon.onPlace(originalPlaces(codeOf));
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
      sources.settle();
      if (isFrozen()) refusals.add(refusedFile(programName(), 'frozen', FROZEN));
      return refusals.all();
    },
  };
}

const FROZEN = 'the global object is frozen: functions of this program cannot be hooked, unless they were before';

/** Whether the callbacks that instrumented code asks for can't be put there. */
function isFrozen(): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(host, `${MARKER}e`);
  return descriptor ? descriptor.configurable === false : !Object.isExtensible(host);
}

/** What can be said only in the end. A listener, which the program can see, is there only if somebody asked for the report. */
function reportAtExit(report: Report, options: Options, provider: Provider): void {
  if (!isMainThread) return;
  process.once('exit', () => {
    report.tell('end', { refused: provider.refused.length });
    const matched = report.matched();
    for (const pattern of [...(options.include ?? []), ...(options.exclude ?? [])])
      if (!matched.has(pattern)) report.tell('unmatched', { pattern, message: 'no file that was loaded matches' });
  });
}
