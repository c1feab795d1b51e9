/**
 * http2: finds the classes that http2 works with, which it keeps to itself, and reads its streams.
 *
 * Diagnostics channels for http2 came with Node 22; Node 20 has none. So methods of these classes are tapped, in all versions:
 * that reaches sessions that were opened before the tracer came as well.
 */
import { EventEmitter } from 'node:events';
import type { ClientHttp2Session, Http2Session, Http2Stream } from 'node:http2';
import { types } from 'node:util';
import type { Addon } from './addon.cjs';
import * as wire from './wire.cjs';

/** The types leave one out. */
type Stream = Http2Stream & { readonly headRequest?: boolean };

/** The prototypes of http2's own classes. */
export interface Classes {
  readonly client: ClientHttp2Session;
  readonly session: Http2Session;
}

/**
 * Calls something without the ticks that it asks for: one that is queued when the program begins shows in the stack traces of
 * its first microtasks, and a program that has replaced `nextTick` sees it. A session that is never connected has nothing to
 * do in a tick. (https://github.com/nodejs/node/blob/v20.20.0/lib/internal/http2/core.js#L1315)
 */
function withoutTicks<T>(call: () => T): T {
  const own = Object.getOwnPropertyDescriptor(process, 'nextTick');
  const value = (): void => undefined;
  // A program may have frozen it: then there is a tick, as before.
  if (!own || !Reflect.defineProperty(process, 'nextTick', { configurable: true, writable: true, value }))
    return call();
  try {
    return call();
  } finally {
    Object.defineProperty(process, 'nextTick', own);
  }
}

const prototypeOf = (object: object): object => Object.getPrototypeOf(object) as object;
let classes: Classes | undefined;

/**
 * The classes' prototypes, by a session that is never connected to anything and is dropped at once.
 * @returns undefined when the program has replaced `connect`, which would be called then
 */
export function http2Classes(addon: Addon): Classes | undefined {
  if (classes) return classes;
  try {
    const { connect } = require('node:http2') as typeof import('node:http2');
    if (!addon.isBuiltin(connect)) return undefined;
    const nowhere = Object.assign(new EventEmitter(), { connecting: true, _handle: { isStreamBase: true } });
    const never = withoutTicks(() => connect('http://localhost', { createConnection: () => nowhere as never }));
    const client = prototypeOf(never);
    classes = { client: client as ClientHttp2Session, session: prototypeOf(client) as Http2Session };
  } catch {
    // A Node without TLS has no http2.
  }
  return classes;
}

/** The prototype of all sessions or streams, by one of them; undefined when it is something else. */
function classOf(object: unknown, method: 'goaway' | 'rstCode'): object | undefined {
  if (typeof object !== 'object' || object === null || types.isProxy(object)) return undefined;
  const found = prototypeOf(prototypeOf(object));
  return Object.hasOwn(found, method) ? found : undefined;
}
export const streamClass = (stream: unknown): object | undefined => classOf(stream, 'rstCode');
export const sessionClass = (session: unknown): object | undefined => classOf(session, 'goaway');

/** Bytes of bodies, which the native part of a stream counts; headers are compressed and not counted. */
export function bytesOf(stream: Http2Stream, which: 'bytesRead' | 'bytesWritten'): number {
  const key = Object.getOwnPropertySymbols(stream).find(({ description }) => description === 'kHandle');
  const handle = key && (wire.ownValue(stream, key) as Record<string, unknown> | undefined);
  const bytes = handle?.[which];
  return typeof bytes === 'number' ? bytes : 0;
}

/** Why a stream ended before it was complete; '' when it wasn't. */
export function failureOf(stream: Http2Stream, status: number): string {
  // What is written as the body of an answer to HEAD is an error to the stream and to nobody else.
  const error: unknown = (stream as Stream).headRequest && stream.rstCode === 0 ? undefined : stream.errored;
  if (error) return wire.failureText(error);
  if (stream.aborted || stream.rstCode === 8 || status === 0) return 'aborted';
  return stream.rstCode ? `code ${stream.rstCode}` : '';
}

/** Headers as http2 keeps them: an object without a prototype, made by itself. */
export function header(headers: unknown, name: string): string {
  return wire.textOr(wire.ownValue(headers as object | undefined, name));
}

/** A response's status among its headers. */
export function statusOf(headers: unknown): number {
  return wire.statusOr0(wire.ownValue(headers as object | undefined, ':status'));
}
