/**
 * call: requests that the program sends, by http and https (and what is built on them), and by fetch (undici).
 *
 * Node publishes both on diagnostics channels. A call that began before the tracer came has no start and so no done.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Addon } from './addon.cjs';
import type { Context } from './context.cjs';
import { errorText } from './load.cjs';
import type { Hook } from './toggle.cjs';

interface Open {
  readonly id: number;
  readonly request: number;
  readonly startNs: bigint;
  /** What the socket had read before, if it was used before. */
  readonly bytesBefore: number;
}

/** undici's request, as its channels show it: https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
interface UndiciRequest {
  readonly origin?: string | URL;
  readonly method?: string;
  readonly path?: string;
  /** Text of lines, or an array of names and values, by version. */
  readonly headers?: string | readonly (string | Buffer)[];
}

/** Query strings may hold secrets: they never reach a probe. */
const withoutQuery = (path: string): string => path.split(/[?#]/, 1)[0]!;

function undiciTraceparent({ headers }: UndiciRequest): string {
  if (typeof headers === 'string') return /^traceparent: ?(.*)$/im.exec(headers)?.[1]?.trim() ?? '';
  for (let index = 0; headers && index + 1 < headers.length; index += 2)
    if (String(headers[index]).toLowerCase() === 'traceparent') return String(headers[index + 1]);
  return '';
}

/** The hook for call__start and call__done. */
export function callHook(addon: Addon, context: Context): Hook {
  const open = new WeakMap<object, Open>();

  const start = (key: object, method: string, target: string, traceparent: string, bytesBefore = 0): void => {
    const call = { id: addon.newId(), request: context.current(), startNs: process.hrtime.bigint(), bytesBefore };
    open.set(key, call);
    addon.callStart(call.id, call.request, 'http/1.1', method, target, traceparent);
  };
  const done = (key: object, status: number, bytesRead: number, error: string): void => {
    const call = open.get(key);
    if (!call) return;
    open.delete(key);
    const durationNs = Number(process.hrtime.bigint() - call.startNs);
    const bytes = Math.max(0, bytesRead - call.bytesBefore);
    addon.callDone(call.id, call.request, status, bytes, durationNs, error);
  };

  const onStart = (message: unknown): void => {
    const { request } = message as { request: ClientRequest };
    const traceparent = request.getHeader('traceparent');
    const target = `${request.protocol}//${String(request.getHeader('host') ?? request.host)}${withoutQuery(request.path)}`;
    start(
      request,
      request.method,
      target,
      typeof traceparent === 'string' ? traceparent : '',
      request.socket?.bytesRead,
    );
    // Ends that no channel tells: the program gives the request up, or the server falls silent.
    request.once('close', () => {
      // With a response, the response's end is the call's.
      if (!(request as { res?: IncomingMessage }).res) done(request, 0, 0, 'aborted');
    });
  };
  /** Published when the headers are there; the call ends with the body. */
  const onHeadersRead = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    // The response lets go of its socket before it ends.
    const { socket, statusCode = 0 } = response;
    response.once('end', () => done(request, statusCode, socket.bytesRead, ''));
    response.once('close', () => done(request, statusCode, socket.bytesRead, 'aborted'));
  };
  const onError = (message: unknown): void => {
    const { request, error } = message as { request: ClientRequest; error: unknown };
    done(request, 0, 0, errorText(error));
  };

  const statuses = new WeakMap<object, number>();
  const onCreate = (message: unknown): void => {
    const { request } = message as { request: UndiciRequest };
    const target = `${String(request.origin ?? '').replace(/\/$/, '')}${withoutQuery(request.path ?? '')}`;
    start(request, request.method ?? '', target, undiciTraceparent(request));
  };
  const onHeaders = (message: unknown): void => {
    const { request, response } = message as { request: object; response: { statusCode: number } };
    statuses.set(request, response.statusCode);
  };
  const onTrailers = (message: unknown): void => {
    const { request } = message as { request: object };
    done(request, statuses.get(request) ?? 0, 0, '');
  };
  const onUndiciError = (message: unknown): void => {
    const { request, error } = message as { request: object; error: unknown };
    done(request, statuses.get(request) ?? 0, 0, errorText(error));
  };

  const channels: [name: string, listener: (message: unknown) => void][] = [
    ['http.client.request.start', onStart],
    ['http.client.response.finish', onHeadersRead],
    ['http.client.request.error', onError],
    ['undici:request:create', onCreate],
    ['undici:request:headers', onHeaders],
    ['undici:request:trailers', onTrailers],
    ['undici:request:error', onUndiciError],
  ];
  return {
    probes: ['call__start', 'call__done'],
    enable: () => channels.forEach(([name, listener]) => subscribe(name, listener)),
    disable: () => channels.forEach(([name, listener]) => unsubscribe(name, listener)),
  };
}
