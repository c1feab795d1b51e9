/**
 * load: modules that `require` loads. What `import` loads fires in `imports.cts`, and in `esm.cts` on Node 20.
 *
 * Only real loads are told: a module that is in the cache already, or is built into Node, is none.
 */
import Module = require('node:module');
import { types } from 'node:util';
import type { Addon } from './addon.cjs';
import { named } from './builtins.cjs';
import type { ImportHooks } from './hook.cjs';
import { instrumenting } from './source.cjs';
import type { Hook } from './toggle.cjs';

/** Node's loader, as far as it is public: https://nodejs.org/docs/latest-v20.x/api/modules.html */
interface Loader {
  _load(request: string, parent: unknown, isMain: boolean): unknown;
  _resolveFilename(request: string, parent: unknown, isMain: boolean): string;
  _cache: Record<string, unknown>;
  isBuiltin(name: string): boolean;
}

interface Note {
  readonly name: string;
  readonly file: string;
  readonly startNs: bigint;
}

/** An error in a few words, without asking the error anything. */
export function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null || types.isProxy(error)) return 'failed';
  const descriptor = Object.getOwnPropertyDescriptor(error, 'message');
  // A getter's descriptor has no value of its own, but the program may have put one on Object.prototype.
  if (!descriptor || !Object.hasOwn(descriptor, 'value')) return 'failed';
  const { value } = descriptor as { value: unknown };
  return typeof value === 'string' && value !== '' ? value.split('\n', 1)[0]! : 'failed';
}

/** The hook for load__start and load__done. */
export function loadHook(addon: Addon): Hook & {
  /** What tells of `import` has been put in. */
  follow(hooks: ImportHooks): void;
} {
  let imports: ImportHooks | undefined;
  const loader = Module as unknown as Loader;
  // Not what the program may have put in their place: that would see itself called.
  const { isBuiltin, _resolveFilename } = loader;
  const before = (args: unknown[]): Note | undefined => {
    const [request, parent, isMain] = args as [unknown, unknown, boolean];
    if (typeof request !== 'string' || instrumenting() || isBuiltin(request)) return undefined;
    let file = '';
    try {
      file = Reflect.apply(_resolveFilename, loader, [request, parent, isMain]);
    } catch {
      // It will fail in a moment, by itself and in its own words.
    }
    if (file !== '' && loader._cache[file] !== undefined) return undefined;
    addon.loadStart(request, file);
    return { name: request, file, startNs: process.hrtime.bigint() };
  };
  const after = (note: Note | undefined, _result: unknown, thrown: unknown): void => {
    if (!note) return;
    const durationNs = Number(process.hrtime.bigint() - note.startNs);
    addon.loadDone(note.name, note.file, durationNs, thrown === undefined ? '' : errorText(thrown));
  };
  let original: Loader['_load'] | undefined;
  let ours: Loader['_load'] | undefined;
  return {
    probes: ['load__start', 'load__done'],
    follow(hooks) {
      imports = hooks;
      if (ours) hooks.traceLoads(true);
    },
    enable() {
      original = loader._load;
      ours = addon.wrap(original, before, after);
      loader._load = ours;
      named(original, '_load');
      imports?.traceLoads(true);
    },
    disable() {
      imports?.traceLoads(false);
      // Somebody may have wrapped ours meanwhile: then it stays, and fires nothing, because no site is armed.
      if (loader._load === ours && original) loader._load = original;
      ours = undefined;
    },
  };
}
