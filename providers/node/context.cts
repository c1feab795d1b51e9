/**
 * context: which request the isolate works for, through promises, timers, streams and everything else that is asynchronous.
 *
 * addon/context.cc follows it, on what Node's async hooks and V8's promise hooks tell; here is what it takes to have the
 * former without what they do to a program. Both are there only while somebody asks for requests' numbers: otherwise events
 * carry request 0. Requests that began before that can't be attributed, and are 0 as well.
 */
import { createHook, type AsyncHook, type HookCallbacks } from 'node:async_hooks';
import { promiseHooks } from 'node:v8';
import type { Addon } from './addon.cjs';
import type { Hook } from './toggle.cjs';

/** What requests say to the context. */
export interface Context extends Hook {
  /**
   * The present callback, and what follows from it, works for a request (the low half of its id).
   * @param message what the server's parser reads for it: the parser's further callbacks are the request's until it is read
   */
  enter(id: number, message?: object): void;
  /** The request that the present callback works for; 0: none or unknown. */
  current(): number;
}

/** Whether promises can be left out, as on Node 24: https://github.com/nodejs/node/pull/61415 */
function promisesCanBeLeftOut(): boolean {
  try {
    createHook({ trackPromises: 'is it a boolean?' } as HookCallbacks);
    return false;
  } catch {
    return true;
  }
}

/** What the program has of async hooks, and of what is built on them. */
interface ProgramsHooks {
  present(): boolean;
}

/**
 * Notices when the program enables and disables its hooks. While it has some, Node's hooks are on its promises with or
 * without us; otherwise they mustn't be: they write on promises, and end the process over a frozen one.
 */
function watchProgramsHooks(addon: Addon, changed: (present: boolean) => void): ProgramsHooks {
  // Who came before us is known by what Node has written on a promise.
  const cameBefore = Object.getOwnPropertySymbols(new Promise(() => undefined)).length > 0;
  const enabled = new Set<unknown>();
  const prototype = Reflect.getPrototypeOf(createHook({}))!;
  const wrap = (name: string, note: (hook: unknown) => void): void => {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, name)!;
    const value = addon.wrap(descriptor.value as () => unknown, (_args, self) => {
      if (self !== ours) note(self);
    });
    Object.defineProperty(prototype, name, { ...descriptor, value });
  };
  wrap('enable', (hook) => {
    enabled.add(hook);
    if (enabled.size === 1) changed(true);
  });
  wrap('disable', (hook) => {
    if (enabled.delete(hook) && enabled.size === 0 && !cameBefore) changed(false);
  });
  return { present: () => cameBefore || enabled.size > 0 };
}

/**
 * Enables a hook without Node's hooks on promises. Node puts those in by a function that programs can replace, so we can as
 * well: https://github.com/nodejs/node/blob/v20.20.0/lib/internal/async_hooks.js#L386
 */
function enableWithoutPromises(hook: AsyncHook): void {
  const { createHook: real } = promiseHooks;
  const nothingToStop = (): void => undefined;
  Reflect.set(promiseHooks, 'createHook', () => nothingToStop);
  try {
    hook.enable();
  } finally {
    Reflect.set(promiseHooks, 'createHook', real);
  }
}

/** The one hook that isn't the program's. */
let ours: AsyncHook | undefined;

/** The hook for context__switch. */
export function contextHook(addon: Addon): Context {
  let following = false;
  let leavesPromisesOut = false;
  const program = watchProgramsHooks(addon, (present) => {
    if (!following) return;
    addon.contextFollow(present);
    // Node leaves its hooks on promises, for ours. Without ours it would take them out at this point of the queue, and not
    // before: a promise's job may be running.
    if (!present && !leavesPromisesOut) addon.enqueueMicrotask(takePromisesOut);
  });
  const takePromisesOut = (): void => {
    if (!following || !ours || program.present()) return;
    ours.disable();
    enableWithoutPromises(ours);
  };

  const makeHook = (): AsyncHook => {
    leavesPromisesOut = promisesCanBeLeftOut();
    // Without a prototype: the program may have put a `destroy` on Object.prototype.
    const callbacks = { __proto__: null, ...addon.contextHooks(), trackPromises: false };
    return createHook(callbacks);
  };
  return {
    probes: ['context__switch'],
    wanted: (armed) => armed('context__switch') || (armed('request__start') && CARRIERS.some(armed)),
    enable() {
      ours ??= makeHook();
      addon.contextFollow(program.present());
      following = true;
      if (program.present() || leavesPromisesOut) ours.enable();
      else enableWithoutPromises(ours);
    },
    disable() {
      ours?.disable();
      following = false;
      addon.contextLeave();
    },
    enter: (id, message) => addon.contextEnter(id, message),
    current: () => addon.contextCurrent(),
  };
}

/** Who asks for requests and for one of these wants to know which belongs to which. */
const CARRIERS = [
  'function__entry',
  'function__return',
  'exception__thrown',
  'load__start',
  'load__done',
  'call__start',
  'call__done',
] as const;
