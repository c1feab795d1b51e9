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

/**
 * Notices when the program has async hooks, or what is built on them, or promise hooks. Then it sees Node's hooks on
 * promises with or without us; otherwise it mustn't: they write on promises, and end the process over a frozen one.
 */
function watchProgramsHooks(addon: Addon, noticed: () => void): { present: boolean } {
  // Who came before us is known by what Node has written on a promise.
  const program = { present: Object.getOwnPropertySymbols(new Promise(() => undefined)).length > 0 };
  const watch = (owner: object, name: string, isOurs?: (self: unknown) => boolean): void => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (typeof descriptor?.value !== 'function') return;
    const value = addon.wrap(descriptor.value as () => unknown, (_args, self) => {
      if (isOurs?.(self)) return;
      program.present = true;
      noticed();
    });
    Object.defineProperty(owner, name, { ...descriptor, value });
  };
  const prototype = Reflect.getPrototypeOf(createHook({}))!;
  watch(prototype, 'enable', (self) => self === ours);
  for (const name of ['createHook', 'onInit', 'onBefore', 'onAfter', 'onSettled']) watch(promiseHooks, name);
  return program;
}

/** The one hook that isn't the program's. */
let ours: AsyncHook | undefined;

/** The hook for context__switch. */
export function contextHook(addon: Addon): Context {
  let following = false;
  let leavesPromisesOut = false;
  const program = watchProgramsHooks(addon, () => {
    if (following) addon.contextFollow(true);
  });

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
      addon.contextFollow(program.present);
      following = true;
      ours.enable();
      if (!program.present && !leavesPromisesOut) addon.contextWithoutPromiseHooks();
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
