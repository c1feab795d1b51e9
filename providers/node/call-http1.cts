/**
 * call-http1: requests that the program sends by http and https, and by what is built on them.
 *
 * Diagnostics channels tell of a request when all of it has been written, and not of every end, so methods of requests are
 * tapped: the first thing that is sent is the start; that the response is complete, whether or not anybody reads it, the end.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Exchange, Exchanges } from './exchange.cjs';
import type { Look, Taps } from './taps.cjs';
import type { Part } from './toggle.cjs';
import * as wire from './wire.cjs';

/** What is known of a request beyond its exchange. */
interface Asking {
  readonly exchange: Exchange;
  socket: Socket | undefined;
  bytesBefore: number;
  response: IncomingMessage | undefined;
  /** What is sent next, where the body goes in chunks. */
  next: 'length' | 'line end' | 'data';
}

/** Whether a piece that is sent is of the body, not of the frame: a chunk's length, a line end, data, a line end, and again. */
function isBody(of: Asking, request: ClientRequest, piece: unknown): boolean {
  if (!request.chunkedEncoding) return true;
  if (piece === '') return false;
  if (of.next === 'length') of.next = 'line end';
  else if (of.next === 'line end') of.next = 'data';
  else if (typeof piece === 'string' || wire.textOfChunk(piece, 3) !== '\r\n') return true;
  else of.next = 'length';
  return false;
}

/** Without a header block nothing has been sent; what would have been is told when that fails. */
function unsent(request: ClientRequest, getHeader: (this: ClientRequest, name: string) => unknown): string {
  const host = wire.textOr(getHeader.call(request, 'host'), wire.textOr(wire.ownValue(request, 'host')));
  return `${wire.textOr(request.method)} ${wire.textOr(request.path)} HTTP/1.1\r\nhost: ${host}\r\n`;
}

/** The part for http and https. */
export function http1Calls(current: () => number, taps: Taps, calls: Exchanges): Part {
  const { ClientRequest: Request, IncomingMessage: Incoming } = require('node:http') as typeof import('node:http');
  const { Socket: NetSocket } = require('node:net') as typeof import('node:net');
  const { getHeader } = Request.prototype;
  const asking = new WeakMap<object, Asking>();
  const asked = new WeakMap<IncomingMessage, ClientRequest>();

  const join = (of: Asking, socket: unknown): void => {
    if (!(socket instanceof NetSocket)) return;
    of.socket = socket;
    of.bytesBefore = socket.bytesRead;
  };
  const bytesOf = ({ socket, bytesBefore }: Asking): number => Math.max(0, (socket?.bytesRead ?? 0) - bytesBefore);
  const begin = (request: ClientRequest, head: string): Asking => {
    const [, method = '', path = ''] = /^(\S+) (\S*)/.exec(head) ?? [];
    const protocol = wire.textOr(wire.ownValue(request, 'protocol'), 'http:');
    // A program may leave the header out.
    const host = wire.headerIn(head, 'host') || wire.textOr(wire.ownValue(request, 'host'));
    const target = wire.targetOf(`${protocol}//${host}`, path, method);
    const facts = { protocol: 'http/1.1', method, target, peer: '', traceparent: wire.headerIn(head, 'traceparent') };
    const exchange = calls.begin(request, facts, current());
    const of: Asking = { exchange, socket: undefined, bytesBefore: 0, response: undefined, next: 'length' };
    join(of, request.socket);
    asking.set(request, of);
    if (wire.mayBeXmlRpc(method, wire.headerIn(head, 'content-type'))) calls.seek(exchange);
    else calls.tell(exchange);
    return of;
  };

  const onSend: Look = (args, self) => {
    const chunk = args[0];
    const request = self as ClientRequest;
    let exchange = calls.of(request);
    if (!exchange) {
      const head = wire.ownValue(request, '_header');
      // What has been sent before was before the tracer came, or after the end.
      if (typeof head !== 'string' || wire.ownValue(request, '_headerSent') === true) return;
      ({ exchange } = begin(request, head));
    }
    const of = exchange.method && asking.get(request);
    if (of && isBody(of, request, chunk)) calls.body(exchange, chunk);
  };
  const onUpgrade = (of: Asking, request: ClientRequest, response: unknown, head: unknown): void => {
    const bytes = bytesOf(of) - wire.bytesOfChunk(head, undefined);
    calls.done(request, wire.statusOr0(wire.ownValue(response as object, 'statusCode')), bytes, '');
  };
  const onClose = (of: Asking, request: ClientRequest): void => {
    const { response } = of;
    const isWhole = wire.ownValue(response, 'complete') === true;
    // A switch of protocols that nobody waited for is an answer as well.
    const answer = wire.ownValue(request, 'res') as IncomingMessage | null;
    const status = of.exchange.status || wire.statusOr0(wire.ownValue(answer, 'statusCode'));
    calls.done(request, status, bytesOf(of), isWhole ? '' : wire.failureText(response?.errored));
  };
  const onEmit: Look = (args, self) => {
    const [event, first] = [args[0], args[1]];
    const request = self as ClientRequest;
    if (event === 'error' && wire.ownValue(request, '_header') === null && !calls.of(request))
      begin(request, unsent(request, getHeader));
    const of = calls.of(request) && asking.get(request);
    if (!of) return;
    if (event === 'socket') join(of, first);
    else if (event === 'finish') calls.tell(of.exchange);
    else if (event === 'response') {
      calls.tell(of.exchange);
      of.response = first as IncomingMessage;
      of.exchange.status = wire.statusOr0(wire.ownValue(of.response, 'statusCode'));
      asked.set(of.response, request);
    } else if (event === 'upgrade' || event === 'connect') onUpgrade(of, request, first, args[3]);
    else if (event === 'error') calls.done(request, of.exchange.status, bytesOf(of), wire.failureText(first));
    else if (event === 'close') onClose(of, request);
  };
  /** The parser hands a response over piece by piece, and null when it's complete. */
  const onPush: Look = (args, response) => {
    const chunk = args[0];
    const request = asked.get(response as IncomingMessage);
    const of = request && calls.of(request) && asking.get(request);
    if (!of) return;
    if (chunk !== null) of.exchange.fault?.feed(chunk);
    else if (wire.ownValue(response, 'complete') === true) calls.done(request, of.exchange.status, bytesOf(of), '');
  };

  let untaps: (() => void)[] = [];
  return {
    enable() {
      untaps = [
        taps.tap(Request.prototype, '_send', onSend),
        taps.tap(Request.prototype, 'emit', onEmit),
        taps.tap(Incoming.prototype, 'push', onPush),
      ];
    },
    disable() {
      for (const untap of untaps.splice(0)) untap();
    },
  };
}
