/**
 * call-http2: requests that the program sends by http2's client. A stream that the server pushes is no call.
 */
import type { ClientHttp2Stream } from 'node:http2';
import type { Addon } from './addon.cjs';
import type { Exchanges } from './exchange.cjs';
import { bytesOf, failureOf, header, http2Classes, statusOf, streamClass } from './http2.cjs';
import type { Look, Taps } from './taps.cjs';
import type { Part } from './toggle.cjs';
import * as wire from './wire.cjs';

/** undici speaks HTTP/2 by sessions of its own, marked as its client's; its calls are told by `call-undici`. */
const isOfUndici = (session: object): boolean =>
  Object.getOwnPropertySymbols(session).some(({ description }) => description === 'client');

function targetOf(headers: unknown, method: string): string {
  const authority = header(headers, ':authority') || header(headers, 'host');
  if (method === 'CONNECT' && header(headers, ':path') === '') return wire.targetOf('', authority, method);
  return wire.targetOf(`${header(headers, ':scheme')}://${authority}`, header(headers, ':path'), '');
}

/** The part for http2. `onUndici` is told when undici sends something. */
export function http2Calls(
  addon: Addon,
  current: () => number,
  taps: Taps,
  calls: Exchanges,
  onUndici: () => void,
): Part {
  let untaps: (() => void)[] = [];
  let streams: object | undefined;

  const onEmit: Look = (args, self) => {
    const event = args[0];
    if (event !== 'response' && event !== 'close' && event !== 'finish') return;
    const exchange = calls.of(self);
    if (!exchange) return;
    const stream = self as ClientHttp2Stream;
    calls.tell(exchange);
    if (event === 'close') calls.done(stream, exchange.status, exchange.bytes, failureOf(stream, exchange.status));
    else if (event === 'response') {
      exchange.status = statusOf(args[1]);
      if (exchange.fault)
        calls.watch(
          exchange,
          taps.tap(stream, 'push', (pushed) => exchange.fault?.feed(pushed[0])),
        );
    }
  };
  const onDestroy: Look = (_, self) => {
    const exchange = calls.of(self);
    if (exchange) exchange.bytes = bytesOf(self as ClientHttp2Stream, 'bytesRead');
  };
  const begin = (stream: ClientHttp2Stream): void => {
    const all = streamClass(stream);
    if (!all) return;
    if (streams !== all) untaps.push(taps.tap(all, 'emit', onEmit), taps.tap(all, '_destroy', onDestroy));
    streams = all;
    const headers = stream.sentHeaders;
    const method = header(headers, ':method');
    const facts = {
      protocol: 'h2',
      method,
      target: targetOf(headers, method),
      peer: '',
      traceparent: header(headers, 'traceparent'),
    };
    const exchange = calls.begin(stream, facts, current());
    if (wire.mayBeXmlRpc(method, wire.ownValue(headers, 'content-type')))
      calls.seek(exchange, ...wire.onWrite(taps, stream, (chunk) => calls.body(exchange, chunk)));
    else calls.tell(exchange);
  };
  const before: Look = (_, session) => {
    const isUndici = isOfUndici(session);
    if (isUndici) onUndici();
    return isUndici;
  };
  const after = (isUndici: unknown, stream: unknown, thrown: unknown): void => {
    if (isUndici !== true && thrown === undefined) begin(stream as ClientHttp2Stream);
  };
  return {
    enable() {
      const classes = http2Classes(addon);
      if (classes) untaps = [taps.tap(classes.client, 'request', before, after)];
    },
    disable() {
      streams = undefined;
      for (const untap of untaps.splice(0)) untap();
    },
  };
}
