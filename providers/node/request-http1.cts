/**
 * request-http1: what http and https servers serve, and http2 servers to clients that speak HTTP/1.
 *
 * Begin and regular end are published on diagnostics channels. Neither tells of responses that never finish, nor of requests
 * to upgrade: for those, taps look at what responses and servers emit.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Context } from './context.cjs';
import type { Exchange, Exchanges, Facts } from './exchange.cjs';
import type { Look, Taps } from './taps.cjs';
import type { Part } from './toggle.cjs';
import * as wire from './wire.cjs';

interface Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Duplex;
  readonly server: Server;
}

/** What is known of a response beyond its exchange. */
interface Sending {
  readonly socket: Duplex;
  readonly server: Server;
  readonly bytesBefore: number;
  /** Its turn has come: pipelined requests wait for those before them. */
  hasSocket: boolean;
  isLate: boolean;
}

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

const { listenerCount } = EventEmitter.prototype;

/** What Node answers by itself when the rest of a request doesn't come, or is wrong. */
function answeredByNode(code: unknown, server: Server): number {
  if (typeof code !== 'string' || listenerCount.call(server, 'clientError') > 0) return 0;
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return 413;
  return code.startsWith('HPE_') ? 400 : 0;
}

/** The status as it was sent: what the program writes into `statusCode` later isn't. */
function statusSent(response: ServerResponse): number {
  const head = wire.ownValue(response, '_headerSent') === true ? wire.ownValue(response, '_header') : undefined;
  return typeof head === 'string' ? Number(head.slice(9, 12)) || 0 : 0;
}

function factsOf(request: IncomingMessage, socket: Socket | undefined): [facts: Facts, mayBeXmlRpc: boolean] {
  const headers = wire.ownValue(request, 'rawHeaders');
  const raw = Array.isArray(headers) ? (headers as wire.RawHeaders) : [];
  const method = wire.textOr(wire.ownValue(request, 'method'));
  const facts = {
    protocol: `http/${wire.textOr(wire.ownValue(request, 'httpVersion'), '1.1')}`,
    method,
    target: wire.pathOf(wire.ownValue(request, 'url')),
    peer: wire.peerOf(socket),
    traceparent: wire.headerOf(raw, 'traceparent'),
  };
  return [facts, wire.mayBeXmlRpc(method, wire.headerOf(raw, 'content-type'))];
}

/** The part for HTTP/1, and what is to be told of the events that servers emit. */
export function http1Requests(context: Context, taps: Taps, requests: Exchanges): Part & Upgrades {
  const { Socket: NetSocket } = require('node:net') as typeof import('node:net');
  const { ServerResponse: Response } = require('node:http') as typeof import('node:http');
  const sending = new WeakMap<object, Sending>();
  /** Responses that are open, by connection. */
  const waiting = new WeakMap<Duplex, Set<ServerResponse>>();
  /** What a connection had sent when its last response was finished: pipelined requests arrive before that. */
  const finished = new WeakMap<Duplex, number>();
  const netSocket = (socket: Duplex): Socket | undefined => (socket instanceof NetSocket ? socket : undefined);

  const bytesOf = ({ socket, bytesBefore, hasSocket }: Sending): number => {
    if (!hasSocket) return 0;
    const before = Math.max(bytesBefore, finished.get(socket) ?? 0);
    const bytes = Math.max(0, (netSocket(socket)?.bytesWritten ?? 0) - before);
    finished.set(socket, before + bytes);
    return bytes;
  };
  const done = (response: ServerResponse, sent: Sending, status: number, error: string): void => {
    waiting.get(sent.socket)?.delete(response);
    sending.delete(response);
    requests.done(response, status, bytesOf(sent), error);
  };
  /** The connection is gone, and with it every response that waits for its turn. */
  const onClose = (socket: Duplex): void => {
    const failure: unknown = netSocket(socket)?.errored;
    const code = wire.ownValue(failure as object | null, 'code');
    for (const response of waiting.get(socket) ?? []) {
      const sent = sending.get(response);
      if (!sent) continue;
      let status = sent.hasSocket ? statusSent(response) : 0;
      let error = sent.isLate ? 'timeout' : 'aborted';
      if (code === 'ERR_HTTP_REQUEST_TIMEOUT') error = 'timeout';
      else if (code === 'HPE_INVALID_EOF_STATE') error = 'aborted';
      else if (typeof code === 'string' && code.startsWith('HPE_')) error = wire.failureText(failure);
      else if (response.errored) error = wire.failureText(response.errored);
      if (sent.hasSocket) status ||= answeredByNode(code, sent.server);
      done(response, sent, status, error);
    }
  };

  /** XML-RPC's method is in the body: the start is told when that is there. */
  const seek = (exchange: Exchange, request: IncomingMessage, response: ServerResponse): void => {
    const answer: Look = (args) => exchange.fault?.feed(args[0]);
    const onPush: Look = (args) => {
      if (args[0] === null) requests.tell(exchange);
      else requests.body(exchange, args[0]);
      if (exchange.isHeld) return;
      requests.unwatch(exchange);
      if (exchange.fault)
        requests.watch(exchange, taps.tap(response, 'write', answer), taps.tap(response, 'end', answer));
    };
    requests.seek(exchange, taps.tap(request, 'push', onPush));
  };

  const onStart = (message: unknown): void => {
    const { request, response, socket, server } = message as Message;
    const known = netSocket(socket);
    const [facts, mayBeXmlRpc] = factsOf(request, known);
    const exchange = requests.begin(response, facts);
    sending.set(response, {
      socket,
      server,
      bytesBefore: known?.bytesWritten ?? 0,
      hasSocket: false,
      isLate: false,
    });
    const others = waiting.get(socket);
    if (others) others.add(response);
    else waiting.set(socket, new Set([response]));
    context.enter(exchange.id, request);
    if (mayBeXmlRpc) seek(exchange, request, response);
    else requests.tell(exchange);
  };
  const onFinish = (message: unknown): void => {
    const { response, socket } = message as Message;
    const sent = sending.get(response);
    // Of one that began before the tracer came, too: those behind it don't count its bytes.
    if (!sent) finished.set(socket, netSocket(socket)?.bytesWritten ?? 0);
    else done(response, sent, statusSent(response), '');
  };
  /** A listener that throws would end the program. */
  const safely = (listener: (message: unknown) => void) => (message: unknown) => {
    try {
      listener(message);
    } catch {
      // An object that isn't what Node makes: this event isn't told.
    }
  };
  const channels = [
    [START, safely(onStart)],
    [FINISH, safely(onFinish)],
  ] as const;
  const onEmit: Look = (args, response) => {
    const event = args[0];
    if (event !== 'close' && event !== 'timeout' && event !== 'socket') return;
    const sent = sending.get(response);
    if (!sent) return;
    if (event === 'socket') {
      sent.hasSocket = true;
      // It had to wait for the answer before it, whose end is what this happens in.
      const exchange = requests.of(response);
      if (exchange) context.enter(exchange.id);
    }
    if (event === 'timeout') sent.isLate = true;
    if (event === 'close' && requests.of(response)) onClose(sent.socket);
  };

  /** The program takes the connection for itself before the answer is finished: the response won't hear of its end. */
  const onDetach: Look = (_, response) => {
    const sent = sending.get(response);
    const exchange = sent && requests.of(response);
    if (!exchange) return;
    requests.watch(
      exchange,
      taps.tap(sent.socket, 'emit', (args) => {
        if (args[0] === 'close') onClose(sent.socket);
      }),
    );
  };

  let untaps: (() => void)[] = [];
  return {
    enable() {
      for (const [channel, listener] of channels) subscribe(channel, listener);
      untaps = [taps.tap(Response.prototype, 'emit', onEmit), taps.tap(Response.prototype, 'detachSocket', onDetach)];
    },
    disable() {
      for (const [channel, listener] of channels) unsubscribe(channel, listener);
      for (const untap of untaps.splice(0)) untap();
    },
    /** What follows the answer is another protocol's: the first thing that is sent ends the request. */
    upgrade(request, socket) {
      if (requests.of(socket)) return;
      const [facts] = factsOf(request, netSocket(socket));
      const exchange = requests.begin(socket, facts);
      context.enter(exchange.id);
      requests.tell(exchange);
      const answered = (chunk: unknown, bytes: number): void => {
        const status = /^HTTP\/1\.\d (\d{3})/.exec(wire.textOfChunk(chunk, 12))?.[1] ?? 0;
        requests.done(socket, Number(status), bytes, '');
      };
      requests.watch(
        exchange,
        ...wire.onWrite(taps, socket, answered),
        taps.tap(socket, 'emit', (args) => {
          if (args[0] === 'close') requests.done(socket, 0, 0, 'aborted');
        }),
      );
    },
  };
}

/** Requests to upgrade, and CONNECT, as servers emit them. */
export interface Upgrades {
  upgrade(request: IncomingMessage, socket: Duplex): void;
}
