/**
 * call: requests that the program sends: by http and https (and what is built on them), by http2, and by fetch and undici;
 * XML-RPC on top of any of them.
 *
 * Nothing is subscribed or tapped while nobody traces. A call that began before the tracer came has no start and so no done.
 */
import type { Addon } from './addon.cjs';
import { http1Calls } from './call-http1.cjs';
import { http2Calls } from './call-http2.cjs';
import { undiciCalls } from './call-undici.cjs';
import type { Context } from './context.cjs';
import { Exchanges, tellCalls } from './exchange.cjs';
import type { Taps } from './taps.cjs';
import type { Hook, Part } from './toggle.cjs';
import { knowBuiltins } from './wire.cjs';

/** The hook for call__start and call__done. */
export function callHook(addon: Addon, context: Context, taps: Taps): Hook {
  knowBuiltins(addon.isBuiltin);
  const calls = new Exchanges(addon, tellCalls(addon));
  const current = (): number => context.current();
  let parts: Part[] | undefined;

  const make = (): Part[] => {
    const undici = undiciCalls(current, taps, calls);
    return [http1Calls(current, taps, calls), http2Calls(addon, current, taps, calls, undici.onHttp2), undici];
  };
  return {
    probes: ['call__start', 'call__done'],
    enable() {
      parts ??= make();
      for (const part of parts) part.enable();
    },
    disable() {
      for (const part of parts ?? []) part.disable();
      calls.forget();
    },
  };
}
