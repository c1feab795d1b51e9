/**
 * request-http2: what http2 servers serve, secure or not, by either of their interfaces. A pushed stream is no request.
 */
import type { Http2Session, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Addon } from './addon.cjs';
import type { Context } from './context.cjs';
import type { Exchange, Exchanges, Facts } from './exchange.cjs';
import { bytesOf, failureOf, header, http2Classes, sessionClass, statusOf, streamClass } from './http2.cjs';
import type { Look, Taps } from './taps.cjs';
import type { Part } from './toggle.cjs';
import * as wire from './wire.cjs';

const SERVER = 0;

function peerOf(session: Http2Session | undefined): string {
  try {
    return wire.peerOf(session?.socket);
  } catch {
    // It has lost its socket already.
    return '';
  }
}

function factsOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Facts {
  return {
    protocol: 'h2',
    method: header(headers, ':method'),
    // CONNECT has no path.
    target: wire.pathOf(wire.ownValue(headers, ':path') ?? wire.ownValue(headers, ':authority')),
    peer: peerOf(stream.session),
    traceparent: header(headers, 'traceparent'),
  };
}

/** What servers emit, for where sessions can't be looked at. */
export interface Streams {
  session(session: Http2Session): void;
  stream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void;
}

/** The part for HTTP/2. */
export function http2Requests(addon: Addon, context: Context, taps: Taps, requests: Exchanges): Part & Streams {
  const untaps = new Map<object, (() => void)[]>();
  let isEnabled = false;

  const seek = (exchange: Exchange, stream: ServerHttp2Stream): void => {
    const onPush: Look = (args) => {
      if (args[0] === null) requests.tell(exchange);
      else requests.body(exchange, args[0]);
      if (exchange.isHeld) return;
      requests.unwatch(exchange);
      if (exchange.fault)
        requests.watch(exchange, ...wire.onWrite(taps, stream, (answer) => exchange.fault?.feed(answer)));
    };
    requests.seek(exchange, taps.tap(stream, 'push', onPush));
  };
  const onStreamEmit: Look = (args, self) => {
    const exchange = requests.of(self);
    if (!exchange) return;
    // What a stream emits comes out of its session, which works for all requests in turn.
    if (context.current() !== exchange.id) context.enter(exchange.id);
    if (args[0] !== 'close') return;
    const stream = self as ServerHttp2Stream;
    const status = statusOf(stream.sentHeaders);
    requests.done(stream, status, exchange.bytes, failureOf(stream, status));
  };
  const onDestroy: Look = (_, self) => {
    const exchange = requests.of(self);
    if (exchange) exchange.bytes = bytesOf(self as ServerHttp2Stream, 'bytesWritten');
  };
  const onStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void => {
    const all = isEnabled ? streamClass(stream) : undefined;
    if (!all || requests.of(stream) || stream.session?.type !== SERVER) return;
    if (!untaps.has(all)) untaps.set(all, [taps.tap(all, 'emit', onStreamEmit), taps.tap(all, '_destroy', onDestroy)]);
    const facts = factsOf(stream, headers);
    const exchange = requests.begin(stream, facts);
    context.enter(exchange.id);
    if (wire.mayBeXmlRpc(facts.method, wire.ownValue(headers, 'content-type'))) seek(exchange, stream);
    else requests.tell(exchange);
  };
  const onSessionEmit: Look = (args) => {
    if (args[0] === 'stream') onStream(args[1] as ServerHttp2Stream, args[2] as IncomingHttpHeaders);
  };
  const watchSessions = (session: object): void => {
    if (!untaps.has(session)) untaps.set(session, [taps.tap(session, 'emit', onSessionEmit)]);
  };

  return {
    enable() {
      isEnabled = true;
      const classes = http2Classes(addon);
      if (classes) watchSessions(classes.session);
    },
    disable() {
      isEnabled = false;
      for (const all of untaps.values()) for (const untap of all) untap();
      untaps.clear();
    },
    session: (session) => {
      const all = isEnabled ? sessionClass(session) : undefined;
      if (all) watchSessions(all);
    },
    stream: onStream,
  };
}
