/**
 * request: requests that the program's servers serve: HTTP/1 and HTTP/2, and XML-RPC on top of either.
 *
 * Nothing is subscribed or tapped while nobody traces. A request that began before the tracer came has no start and so no done.
 * XML-RPC's start is told when the method's name has come in, which is after its functions began to work; its id is the same.
 */
import type { IncomingMessage } from 'node:http';
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Addon } from './addon.cjs';
import type { Context } from './context.cjs';
import { Exchanges, tellRequests } from './exchange.cjs';
import { http1Requests } from './request-http1.cjs';
import { http2Requests } from './request-http2.cjs';
import type { Look, Taps } from './taps.cjs';
import type { Hook } from './toggle.cjs';
import { knowBuiltins, ownValue } from './wire.cjs';

/** The hook for request__start and request__done. */
export function requestHook(addon: Addon, context: Context, taps: Taps): Hook {
  knowBuiltins(addon.isBuiltin);
  const requests = new Exchanges(addon, tellRequests(addon));
  let http1: ReturnType<typeof http1Requests> | undefined;
  const http2 = http2Requests(addon, context, taps, requests);

  /** Every server is a net.Server, whatever it speaks. */
  const onServerEmit: Look = (args) => {
    const [event, first, second] = [args[0], args[1], args[2]];
    if (event === 'session') http2.session(first as Http2Session);
    else if (event === 'stream') http2.stream(first as ServerHttp2Stream, second as IncomingHttpHeaders);
    // An http2 server emits 'connect' with a request and a response of its own, long after 'stream'.
    else if ((event === 'upgrade' || event === 'connect') && typeof ownValue(first as object, 'method') === 'string')
      http1?.upgrade(first as IncomingMessage, second as Duplex);
  };
  let untap: (() => void) | undefined;
  return {
    // Whoever follows the context needs requests to be numbered.
    probes: ['request__start', 'request__done', 'context__switch'],
    enable() {
      const { Server } = require('node:net') as typeof import('node:net');
      http1 ??= http1Requests(context, taps, requests);
      http1.enable();
      http2.enable();
      untap = taps.tap(Server.prototype, 'emit', onServerEmit);
    },
    disable() {
      http1?.disable();
      http2.disable();
      untap?.();
      requests.forget();
    },
  };
}
