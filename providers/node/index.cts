/**
 * Node's provider: `require('polyprobe')` or `import 'polyprobe'` loads it in production; the preload does the same under
 * `polyprobe run`.
 *
 * Only modules loaded after it are instrumented, so it comes first. This file is the door: what is behind it runs in a realm
 * of its own (realm.cts), and what is handed out are objects of the program's.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileFunction, createContext } from 'node:vm';
import type { Provider } from './provider.cjs';
import type { Refused } from './refusals.cjs';
import { statusOf, type Status } from './status.cjs';

export type { Refused } from './refusals.cjs';
export type { Status, StatusCode } from './status.cjs';

/** One provider for each isolate, however many copies of the package are loaded in it. */
const KEY = Symbol.for('polyprobe.provider');
const shared = globalThis as { [KEY]?: Provider };

/** Makes the realm, and loads the provider in it. */
function load(): typeof import('./provider.cjs') {
  const context = createContext();
  const bring = (name: string): unknown => {
    const file = join(__dirname, name);
    const options = { parsingContext: context, filename: file };
    const exports = {};
    const module = compileFunction(readFileSync(file, 'utf8'), ['exports', 'require', 'process', 'Buffer'], options);
    (module as (...values: unknown[]) => void)(exports, require, process, Buffer);
    return exports;
  };
  const { fs } = bring('own.cjs') as typeof import('./own.cjs');
  const { Realm } = bring('realm.cjs') as typeof import('./realm.cjs');
  return new Realm(context, __filename, globalThis, fs).load(join(__dirname, 'provider.cjs')) as ReturnType<
    typeof load
  >;
}

/**
 * Starts the provider in this isolate; a second call does nothing. Never throws.
 * @returns what `status()` returns
 */
export function start(): Status {
  if (!shared[KEY]) {
    let provider: Provider;
    try {
      provider = load().begin();
    } catch (error) {
      provider = { status: statusOf('start-failed', String(error)), refused: [] };
    }
    Object.defineProperty(globalThis, KEY, { value: provider, configurable: true });
  }
  return status();
}

/** Whether probes fire in this isolate, and if not, why and what to do. */
export function status(): Status {
  return { ...(shared[KEY]?.status ?? statusOf('not-started')) };
}

/** Files, and functions in files, that were to be instrumented and couldn't be: they run as they are and don't fire. */
export function refused(): readonly Refused[] {
  return Array.from(shared[KEY]?.refused ?? [], (file) => ({ ...file }));
}

start();
