/**
 * xmlrpc: tells XML-RPC from other XML by the first bytes of a body, and finds the method's name in it, and an answer's
 * fault code. Nothing else of a body is looked at, and nothing of it is kept. (http://xmlrpc.com/spec.md)
 *
 * A scanner and no regular expression: a body is hostile, and its comments must not cost more than its length.
 */
import { textOfChunk } from './wire.cjs';

/** How far into a body is looked. Before the name are a declaration and perhaps comments. */
const MOST = 2048;

/** What may stand between elements. The byte order mark may have been read as Latin-1. */
const BETWEEN: readonly (readonly [open: string, close: string])[] = [
  ['<?', '?>'],
  ['<!--', '-->'],
  ['<!DOCTYPE', '>'],
];
const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\n' || char === '\r' || char === '\t';

/** Where something was found; -1: it isn't there; undefined: the text ends too early to say. */
type At = number | undefined;

/** Whether `part` stands at a place, or could once there is more text. */
function standsAt(text: string, part: string, at: number): boolean | undefined {
  if (text.startsWith(part, at)) return true;
  return part.startsWith(text.slice(at)) ? undefined : false;
}

function afterBetween(text: string, from: number): At {
  let at = from;
  for (;;) {
    while (isBlank(text[at])) at++;
    let next = at;
    for (const [open, close] of BETWEEN) {
      const stands = standsAt(text, open, at);
      if (stands === undefined) return undefined;
      if (!stands) continue;
      const end = text.indexOf(close, at + open.length);
      if (end < 0) return undefined;
      next = end + close.length;
      break;
    }
    if (next === at) return at;
    at = next;
  }
}

/** The place after an element's start tag that stands next. */
function afterTag(text: string, name: string, from: At): At {
  if (from === undefined || from < 0) return from;
  const at = afterBetween(text, from);
  if (at === undefined) return undefined;
  const stands = standsAt(text, `<${name}`, at);
  if (stands !== true) return stands === undefined ? undefined : -1;
  const after = at + name.length + 1;
  const end = text.indexOf('>', after);
  if (end === after || isBlank(text[after])) return end < 0 ? undefined : end + 1;
  return after < text.length ? -1 : undefined;
}

const afterMark = (text: string): At => {
  for (const mark of ['\ufeff', '\u00ef\u00bb\u00bf']) if (text.startsWith(mark)) return mark.length;
  return 0;
};

/** Looks for the name of the method in a body as it comes. */
export class MethodSeeker {
  #text = '';

  /** @returns the name; '' when it is no XML-RPC; undefined while that can't be said */
  feed(chunk: unknown): string | undefined {
    this.#text += textOfChunk(chunk, MOST - this.#text.length);
    const found = this.#find();
    return found === undefined && this.#text.length >= MOST ? '' : found;
  }

  #find(): string | undefined {
    const text = this.#text;
    const at = afterTag(text, 'methodName', afterTag(text, 'methodCall', afterMark(text)));
    if (at === undefined) return undefined;
    if (at < 0) return '';
    const end = text.indexOf('<', at);
    if (end < 0) return undefined;
    const name = text.slice(at, end).trim();
    return /^[\w.:/]{1,255}$/.test(name) ? name : '';
  }
}

/** Looks whether an answer is a fault. Its text isn't told, which may say anything; its code is a number. */
export class FaultSeeker {
  #text = '';

  feed(chunk: unknown): void {
    if (this.#text.length < MOST) this.#text += textOfChunk(chunk, MOST - this.#text.length);
  }

  /** @returns `fault` and its code, where that was found; '' for no fault */
  found(): string {
    const text = this.#text;
    const at = afterTag(text, 'fault', afterTag(text, 'methodResponse', afterMark(text)));
    if (at === undefined || at < 0) return '';
    const member = text.indexOf('faultCode', at);
    const code = /^faultCode\s*<\/name>\s*<value>\s*<(?:int|i4)>\s*(-?\d{1,10})\s*</.exec(
      text.slice(Math.max(member, 0)),
    );
    return code ? `fault ${code[1]}` : 'fault';
  }
}
