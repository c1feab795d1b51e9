/**
 * messages: what the messages of errors quote of the program's text is shown as it was written.
 *
 * V8 quotes functions whole (`Class extends value () => 1 is not a constructor`), and what was compiled of them is what it has. Node
 * quotes the expression that `assert.ok` found false. Nobody is told when an error is made, but when its stack is formatted: for
 * an AssertionError that is in its constructor; for others their message is right from then on.
 *
 * Called by: `provider.cts`, for each stack trace, before its places are corrected.
 */
import { compileFunction } from 'node:vm';
import type { Addon } from './addon.cjs';
import { defineProperty, indexOf, startsWith } from './builtins.cjs';
import type { CallSite } from './columns.cjs';
import { MARKER } from './instrument/pieces.cjs';
import { hasStack, own } from './own.cjs';
import type { CodeOf } from './places.cjs';
import type { CodeWith } from './quoted.cjs';

const { getOwnPropertyDescriptor } = Object;
const valueOf = (error: object, name: string): unknown => getOwnPropertyDescriptor(error, name)?.value;

/** Loaded when it is needed: most programs never need it. */
const quoted = (): typeof import('./quoted.cjs') => own('./quoted.cjs') as typeof import('./quoted.cjs');

const callsites = (): typeof import('./callsites.cjs') => own('./callsites.cjs') as typeof import('./callsites.cjs');

/** How the message begins by which Node quotes a false expression. */
const FALSY = 'The expression evaluated to a falsy value:';
/** What V8 puts in the place of a long function's middle. */
const OMITTED = '...<omitted>...';

/** What errors are passed through whose stack is formatted. */
export function messageCorrector(
  codeOf: CodeOf,
  codeWith: CodeWith,
): (error: unknown, site: CallSite | undefined) => void {
  return (error, site) => {
    // What follows takes regular expressions.
    if (typeof error !== 'object' || error === null || !hasStack()) return;
    const descriptor = getOwnPropertyDescriptor(error, 'message');
    const message: unknown = descriptor?.value;
    if (!descriptor?.configurable || typeof message !== 'string') return;
    let right = message;
    if (indexOf(message, MARKER) >= 0 || indexOf(message, OMITTED) >= 0) right = quoted().asWritten(message, codeWith);
    if (site && valueOf(error, 'code') === 'ERR_ASSERTION' && valueOf(error, 'operator') === '==') {
      const isCertain = startsWith(message, FALSY);
      const isLikely = valueOf(error, 'expected') === true && valueOf(error, 'generatedMessage') === true;
      if (isCertain || isLikely) right = quoted().falsyMessage(codeOf, site, isCertain) ?? right;
    }
    if (right !== message) defineProperty(error, 'message', { ...descriptor, value: right });
  };
}

/** What can't be cloned is quoted by a DOMException, whose message is asked for by a getter. */
export function watchClones(addon: Addon, codeWith: CodeWith): void {
  // Not from the global object: Node makes it when it is asked for, for the context that asks, and must not see ours.
  const { prototype } = (compileFunction('return DOMException') as () => typeof DOMException)();
  const descriptor = getOwnPropertyDescriptor(prototype, 'message');
  if (!descriptor?.get || !descriptor.configurable) return;
  const get = addon.wrapText(descriptor.get as () => string, ' could not be cloned', (text) =>
    quoted().asWritten(text, codeWith),
  );
  defineProperty(prototype, 'message', { ...descriptor, get });
}

type GetCallSites = (...args: unknown[]) => unknown;

/** util.getCallSites gives places that no stack trace's come by. On Node 20 there is none. */
export function watchCallSites(addon: Addon, codeOf: CodeOf): void {
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => { getCallSites?: GetCallSites } };
  const util = getBuiltinModule?.('util');
  if (typeof util?.getCallSites !== 'function') return;
  util.getCallSites = addon.wrap<GetCallSites, boolean>(
    util.getCallSites,
    (args) => callsites().prepareCallSites(args),
    (isMapped, calls) => {
      callsites().correctCallSites(codeOf, isMapped, calls);
    },
  );
}
