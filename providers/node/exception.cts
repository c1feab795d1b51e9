/**
 * exception: what reaches the process uncaught. Throws and catches of instrumented code fire natively (addon/exceptions.cc).
 *
 * `uncaughtExceptionMonitor` changes nothing about what happens next; it tells of unhandled rejections as well.
 */
import type { Addon } from './addon.cjs';
import type { Hook } from './toggle.cjs';

/** The hook for exception__thrown. */
export function exceptionHook(addon: Addon): Hook {
  const onUncaught = (error: unknown): void => addon.exceptionSeen(error);
  return {
    probes: ['exception__thrown'],
    enable: () => void process.on('uncaughtExceptionMonitor', onUncaught),
    disable: () => void process.off('uncaughtExceptionMonitor', onUncaught),
  };
}
