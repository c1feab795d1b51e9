/**
 * wire: what probes tell of a request or a call, taken from what the runtime holds of it.
 *
 * Query strings, credentials and headers (but traceparent) may be secrets and never leave this file. Nothing here runs code
 * of the program's: no accessors, no proxies, no conversions of its objects.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { types } from 'node:util';
import { errorText } from './load.cjs';
import type { Look, Taps } from './taps.cjs';

/** Headers as they came: names and values in turn. */
export type RawHeaders = readonly unknown[];

/** A property that holds a value of its own; undefined for accessors and what is inherited. */
export function ownValue(object: object | null | undefined, name: PropertyKey): unknown {
  return object ? (Object.getOwnPropertyDescriptor(object, name)?.value as unknown) : undefined;
}

export const textOr = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise);

/** A status, however it is kept; 0 for none. */
export const statusOr0 = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) || 0 : 0;

const withoutQuery = (url: string): string => {
  const end = url.search(/[?#]/);
  return end < 0 ? url : url.slice(0, end);
};

/** A request's target: its path. A proxy is asked for whole URLs, with a user and a password perhaps. */
export function pathOf(url: unknown): string {
  if (typeof url !== 'string') return '';
  const path = withoutQuery(url);
  if (path.startsWith('/')) return path;
  return path.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, '').replace(/^[^/]*@/, '') || '/';
}

/** A call's target: scheme, host and path. CONNECT asks for a host and a port alone. */
export function targetOf(origin: string, path: string, method: string): string {
  if (method === 'CONNECT') return withoutQuery(path).replace(/^.*@/, '');
  const isWhole = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
  const url = isWhole ? path : `${origin}${path === '' || path.startsWith('/') ? '' : '/'}${path}`;
  return withoutQuery(url).replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1');
}

/** A header's value, by its name in lower case. */
export function headerOf(headers: RawHeaders, name: string): string {
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const sought = headers[at];
    if (typeof sought === 'string' && sought.length === name.length && sought.toLowerCase() === name)
      return textOr(headers[at + 1]);
  }
  return '';
}

/** A header's value in a request as it is sent, by its name in lower case. */
export function headerIn(text: string, name: string): string {
  return new RegExp(`\\r\\n${name}:[ \\t]*([^\\r]*)`, 'i').exec(text)?.[1] ?? '';
}

/** XML-RPC is sent by POST as XML; what claims to be something else isn't looked into. */
export function mayBeXmlRpc(method: unknown, contentType: unknown): boolean {
  return (
    method === 'POST' && typeof contentType === 'string' && /^\s*(?:text|application)\/xml\s*(?:;|$)/i.test(contentType)
  );
}

/** Who a socket is connected to; '' for a UNIX socket, and for what is no socket. */
export function peerOf(socket: Socket | undefined): string {
  if (!socket) return '';
  const { remoteAddress, remotePort } = socket;
  if (remoteAddress === undefined) return '';
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** Aborted by an AbortController, in the words of http, undici and the platform. */
const ABORTED: readonly unknown[] = ['ABORT_ERR', 'UND_ERR_ABORTED', 'AbortError'];

let isBuiltin: (value: unknown) => boolean = () => false;

/** How to know functions of Node's own: no others are called here. */
export function knowBuiltins(known: typeof isBuiltin): void {
  isBuiltin = known;
}

/**
 * A DOMException keeps its name where only its own accessor finds it. (The global DOMException isn't asked for: made when it
 * is first needed, it ends the process from another realm.)
 */
function platformName(error: object): unknown {
  try {
    for (let at: object | null = error; at && !types.isProxy(at); at = Object.getPrototypeOf(at) as object | null) {
      const accessor = Object.getOwnPropertyDescriptor(at, 'name')?.get;
      if (accessor) return isBuiltin(accessor) ? accessor.call(error) : undefined;
    }
  } catch {
    // It is something else.
  }
  return undefined;
}

/** Why something failed, in a few words: 'aborted', 'timeout', or as the runtime or the program says it. */
export function failureText(error: unknown): string {
  if (typeof error !== 'object' || error === null || types.isProxy(error)) return 'aborted';
  const code = ownValue(error, 'code');
  if (ABORTED.includes(code)) return 'aborted';
  const text = errorText(error);
  if (text !== 'failed') return text;
  // Several addresses were tried: such an error has a code and no message.
  if (typeof code === 'string' && code !== '') return code;
  const name = platformName(error);
  return name === 'AbortError' ? 'aborted' : name === 'TimeoutError' ? 'timeout' : text;
}

type Slice = (this: Uint8Array, start: number, end: number) => string;
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice: Slice };
const lengthOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength')!.get!;

/** The first characters of a piece of a body, bytes as Latin-1. */
export function textOfChunk(chunk: unknown, most: number): string {
  if (typeof chunk === 'string') return chunk.slice(0, most);
  if (!types.isUint8Array(chunk)) return '';
  return latin1Slice.call(chunk, 0, Math.min(most, lengthOf.call(chunk) as number));
}

/** How many bytes a piece of a body is. */
export function bytesOfChunk(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding as BufferEncoding);
  return types.isUint8Array(chunk) ? (lengthOf.call(chunk) as number) : 0;
}

/**
 * Looks at what is written into a stream, on its way to where it goes.
 * @returns what ends it
 */
export function onWrite(taps: Taps, stream: Duplex, look: (chunk: unknown, bytes: number) => void): (() => void)[] {
  const one: Look = (args) => look(args[0], bytesOfChunk(args[0], args[1]));
  const several: Look = (args) => {
    if (!Array.isArray(args[0])) return;
    const pieces = args[0] as { chunk: unknown; encoding: unknown }[];
    let [bytes, text] = [0, ''];
    // Not by iteration, which is the program's.
    // eslint-disable-next-line @typescript-eslint/prefer-for-of
    for (let at = 0; at < pieces.length; at++) {
      const { chunk, encoding } = pieces[at]!;
      bytes += bytesOfChunk(chunk, encoding);
      if (text.length < 4096) text += textOfChunk(chunk, 4096);
    }
    look(text, bytes);
  };
  return [taps.tap(stream, '_write', one), ...('_writev' in stream ? [taps.tap(stream, '_writev', several)] : [])];
}
