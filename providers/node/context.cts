/**
 * context: which request the isolate works for, through promises, timers, streams and everything else that is asynchronous.
 *
 * Node carries a value along asynchronous work (AsyncLocalStorage); a hook before and after each callback tells the native
 * part, which fires context__switch when it changes. Costs 50 to 200 ns an await, so it is only there while somebody has
 * armed context__switch; otherwise events carry request 0. Requests that began before that can't be attributed.
 */
import { AsyncLocalStorage, createHook, type AsyncHook } from 'node:async_hooks';
import type { Addon } from './addon.cjs';
import type { Hook } from './toggle.cjs';

/** What requests say to the context. */
export interface Context extends Hook {
  /** The present callback, and what follows from it, works for a request (the low half of its id). */
  enter(id: number): void;
  /** The request that the present callback works for; 0: none or unknown. */
  current(): number;
}

/** The hook for context__switch. */
export function contextHook(addon: Addon): Context {
  const storage = new AsyncLocalStorage<number>();
  /** What enclosing callbacks work for: callbacks may run within callbacks. */
  const outer: number[] = [];
  let now = 0;
  let hook: AsyncHook | undefined;

  const become = (id: number): void => {
    if (id === now) return;
    addon.contextSwitch(now, id);
    now = id;
  };
  return {
    probes: ['context__switch'],
    enable() {
      hook ??= createHook({
        before() {
          outer.push(now);
          become(storage.getStore() ?? 0);
        },
        after() {
          become(outer.pop() ?? 0);
        },
      });
      hook.enable();
    },
    disable() {
      hook?.disable();
      storage.disable();
      outer.length = 0;
      become(0);
    },
    enter(id) {
      if (!hook) return;
      storage.enterWith(id);
      become(id);
    },
    current: () => now,
  };
}
