/**
 * call-undici: requests that the program sends by fetch, which is Node's own undici, and by undici from npm.
 *
 * Both publish on the same diagnostics channels. What those don't tell in all versions, bodies and upgrades, is seen by taps
 * on the class of requests, which each copy of undici has for itself. Each hop of a redirect, and each attempt of a retry, is a
 * request of its own. https://undici.nodejs.org/#/docs/api/DiagnosticsChannel
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { types } from 'node:util';
import type { Exchange, Exchanges } from './exchange.cjs';
import type { Look, Taps } from './taps.cjs';
import type { Part } from './toggle.cjs';
import * as wire from './wire.cjs';

/** Headers are text of lines in undici 5, an array of names and values later. */
function headerOf(request: object, name: string): string {
  const headers = wire.ownValue(request, 'headers');
  if (typeof headers === 'string') return wire.headerIn(`\r\n${headers}`, name);
  return Array.isArray(headers) ? wire.headerOf(headers as wire.RawHeaders, name) : '';
}

function originOf(request: object): string {
  const origin = wire.ownValue(request, 'origin');
  if (typeof origin === 'string') return origin.replace(/\/$/, '');
  return origin instanceof URL ? origin.origin : '';
}

/** The part for fetch and undici, and what tells it that a request goes over HTTP/2. */
export function undiciCalls(current: () => number, taps: Taps, calls: Exchanges): Part & { onHttp2(): void } {
  let untaps = new Map<object, (() => void)[]>();
  /** What is being written. */
  let connected: object | undefined;

  const onData: Look = (args, request) => {
    const exchange = calls.of(request);
    if (!exchange) return;
    exchange.bytes += wire.bytesOfChunk(args[0], undefined);
    exchange.fault?.feed(args[0]);
  };
  const onBody: Look = (args, request) => {
    const exchange = calls.of(request);
    if (exchange?.method) calls.body(exchange, args[0]);
  };
  const onUpgrade: Look = (args, request) => {
    const status = args[0];
    const exchange = calls.of(request);
    // Without a status the answer is still to come.
    if (exchange && typeof status === 'number') calls.done(request, status, exchange.bytes, '');
  };
  const onConnect: Look = (_, request) => {
    connected = request;
  };
  /** Names until undici 7, and since 8. */
  const methods = [
    [['onData', 'onResponseData'], onData],
    [['onBodySent'], onBody],
    [['onUpgrade', 'onRequestUpgrade'], onUpgrade],
    [['onConnect', 'onRequestStart'], onConnect],
  ] as const;
  const watch = (all: object): void => {
    if (untaps.has(all) || !Object.hasOwn(all, 'onBodySent')) return;
    const taken: (() => void)[] = [];
    for (const [names, look] of methods)
      for (const name of names) if (Object.hasOwn(all, name)) taken.push(taps.tap(all, name, look));
    untaps.set(all, taken);
  };

  /** Whether XML-RPC's method is still to be seen in what is sent. */
  const seek = (exchange: Exchange, request: object): void => {
    calls.seek(exchange);
    const body = wire.ownValue(request, 'body');
    if (typeof body === 'string' || types.isUint8Array(body)) calls.body(exchange, body);
    else if (body === null || body === undefined) calls.tell(exchange);
  };
  const onCreate = (request: object): void => {
    watch(Object.getPrototypeOf(request) as object);
    const method = wire.textOr(wire.ownValue(request, 'method'));
    const target = wire.targetOf(originOf(request), wire.textOr(wire.ownValue(request, 'path')), method);
    const traceparent = headerOf(request, 'traceparent');
    const exchange = calls.begin(request, { protocol: 'http/1.1', method, target, peer: '', traceparent }, current());
    const type = wire.textOr(wire.ownValue(request, 'contentType')) || headerOf(request, 'content-type');
    if (wire.mayBeXmlRpc(method, type)) seek(exchange, request);
    // Which protocol a secure connection speaks is known when there is one.
    else if (!/^https:/i.test(target)) calls.tell(exchange);
  };
  const goes = (request: object | undefined, isHttp2: boolean): void => {
    const exchange = request && calls.of(request);
    if (!exchange?.isHeld) return;
    if (isHttp2) exchange.facts.protocol = 'h2';
    if (!exchange.method) calls.tell(exchange);
  };
  const onSend = (request: object, message: object): void => {
    const headers = wire.ownValue(message, 'headers');
    goes(request, typeof headers === 'string' && /^:|\n:/.test(headers));
  };
  const onBodySent = (request: object): void => {
    const exchange = calls.of(request);
    if (exchange) calls.tell(exchange);
  };
  const onHeaders = (request: object, message: object): void => {
    const exchange = calls.of(request);
    if (!exchange) return;
    calls.tell(exchange);
    exchange.status = wire.statusOr0(wire.ownValue(wire.ownValue(message, 'response') as object, 'statusCode'));
  };
  const onTrailers = (request: object): void => {
    const exchange = calls.of(request);
    if (exchange) calls.done(request, exchange.status, exchange.bytes, '');
  };
  const onError = (request: object, message: object): void => {
    const exchange = calls.of(request);
    if (exchange)
      calls.done(request, exchange.status, exchange.bytes, wire.failureText(wire.ownValue(message, 'error')));
  };

  /** A listener that throws would end the program. */
  const safely = (listener: (request: object, message: object) => void) => (message: unknown) => {
    try {
      const request = wire.ownValue(message as object, 'request');
      if (typeof request === 'object' && request !== null && !types.isProxy(request))
        listener(request, message as object);
    } catch {
      // Something that isn't what undici publishes: it isn't told.
    }
  };
  const channels = [
    ['undici:request:create', safely(onCreate)],
    ['undici:client:sendHeaders', safely(onSend)],
    ['undici:request:bodySent', safely(onBodySent)],
    ['undici:request:headers', safely(onHeaders)],
    ['undici:request:trailers', safely(onTrailers)],
    ['undici:request:error', safely(onError)],
  ] as const;
  return {
    enable: () => channels.forEach(([channel, listener]) => subscribe(channel, listener)),
    disable() {
      for (const [channel, listener] of channels) unsubscribe(channel, listener);
      for (const all of untaps.values()) for (const untap of all) untap();
      untaps = new Map();
      connected = undefined;
    },
    onHttp2: () => goes(connected, true),
  };
}
