/**
 * toggle: from the set of probes that tracers have armed to the hooks that are written in JavaScript.
 *
 * The native part calls `toggle(set)` on the loop whenever the set has changed, and has put its own hooks (functions,
 * exceptions, GC) in or out by then. Each hook here is a pair of functions that may be called in any order.
 */
import { PROBES, type ProbeName } from '../../core/abi/abi.gen.cjs';

/** A hook that is in the program only while one of its probes is armed. */
export interface Hook {
  readonly probes: readonly ProbeName[];
  /** Instead of "one of them is armed". */
  wanted?(armed: (probe: ProbeName) => boolean): boolean;
  enable(): void;
  disable(): void;
}

/** Half of a hook: what it looks at goes in and out with it. */
export interface Part {
  enable(): void;
  disable(): void;
}

/** The function that the native part calls. Sets are numbers: bit tests by division, because they outgrow 32 bits. */
export function toggler(hooks: readonly Hook[]): (set: number) => void {
  const enabled = new Set<Hook>();
  return (set) => {
    const armed = (probe: ProbeName): boolean => Math.floor(set / 2 ** PROBES[probe]) % 2 === 1;
    for (const hook of hooks) {
      const wanted = hook.wanted ? hook.wanted(armed) : hook.probes.some(armed);
      if (wanted === enabled.has(hook)) continue;
      try {
        if (wanted) {
          hook.enable();
          enabled.add(hook);
        } else {
          enabled.delete(hook);
          hook.disable();
        }
      } catch {
        // A program that has broken the runtime's own objects keeps running; this hook stays out.
      }
    }
  };
}
