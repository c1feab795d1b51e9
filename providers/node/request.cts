/**
 * request: requests that http and https servers serve.
 *
 * Node publishes them on diagnostics channels, which cost nothing while nobody listens. A request that began before the
 * tracer came has no start and so no done.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Addon } from './addon.cjs';
import type { Context } from './context.cjs';
import type { Hook } from './toggle.cjs';

interface Message {
  request: IncomingMessage;
  response: ServerResponse;
  socket: Socket;
}

interface Open {
  readonly id: number;
  readonly startNs: bigint;
  readonly bytesBefore: number;
}

const START = 'http.server.request.start';
const FINISH = 'http.server.response.finish';

/** Query strings may hold secrets, and so may the host of a proxy's request (user:password@): they never reach a probe. */
function pathOf(url: string | undefined): string {
  if (url === undefined) return '';
  const end = url.search(/[?#]/);
  const path = end < 0 ? url : url.slice(0, end);
  return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '') || '/';
}

function peerOf(socket: Socket): string {
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return '';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** The hook for request__start and request__done. */
export function requestHook(addon: Addon, context: Context): Hook {
  let open = new WeakMap<ServerResponse, Open>();
  /** What a connection had sent when its last response was finished: pipelined requests arrive before that. */
  const finished = new WeakMap<Socket, number>();

  const done = (response: ServerResponse, socket: Socket | null, error: string): void => {
    const started = open.get(response);
    if (!started) return;
    open.delete(response);
    let bytes = 0;
    if (socket) {
      const before = Math.max(started.bytesBefore, finished.get(socket) ?? 0);
      bytes = Math.max(0, socket.bytesWritten - before);
      finished.set(socket, before + bytes);
    }
    const status = response.headersSent ? response.statusCode : 0;
    addon.requestDone(started.id, status, bytes, Number(process.hrtime.bigint() - started.startNs), error);
  };
  const onStart = (message: unknown): void => {
    const { request, response, socket } = message as Message;
    const id = addon.newId();
    open.set(response, {
      id,
      startNs: process.hrtime.bigint(),
      bytesBefore: socket.bytesWritten,
    });
    context.enter(id, request);
    const { traceparent } = request.headers;
    addon.requestStart(
      id,
      `http/${request.httpVersion}`,
      request.method ?? '',
      pathOf(request.url),
      peerOf(socket),
      typeof traceparent === 'string' ? traceparent : '',
    );
    // The only way to learn of a client that went away: no channel tells of it.
    response.once('close', () => done(response, socket, 'aborted'));
  };
  const onFinish = (message: unknown): void => {
    const { response, socket } = message as Message;
    done(response, socket, '');
  };

  return {
    // Whoever follows the context needs requests to be numbered.
    probes: ['request__start', 'request__done', 'context__switch'],
    enable() {
      subscribe(START, onStart);
      subscribe(FINISH, onFinish);
    },
    disable() {
      unsubscribe(START, onStart);
      unsubscribe(FINISH, onFinish);
      // The next tracer hasn't seen them begin.
      open = new WeakMap();
    },
  };
}
