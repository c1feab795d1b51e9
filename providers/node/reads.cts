/**
 * reads: ES modules on Node 20, on the program's own thread, as Node's loader reads them.
 *
 * The loader reads them by `fs.promises.readFile`, looked up each time, and what the loader reads is told from what the program
 * reads by who asks (addon/wrap.cc): https://github.com/nodejs/node/blob/v20.20.0/lib/internal/modules/esm/load.js#L40
 * Node's hooks for loaders would need a thread there, which costs 40 ms and more; they are put in (`hook.cts`) where a program has
 * loaders of its own, and then nothing is read here.
 *
 * Called by: `hook.cts`.
 */
import { promises } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Addon } from './addon.cjs';
import type { SourceKind } from './instrument/index.cjs';
import { ofModulePackage } from './program.cjs';
import type { Sources } from './source.cjs';

/** What is no JavaScript, or is read again by the loader for CommonJS. */
const OTHERS = /^\.(cjs|json|node|wasm)$/;

const MODULE = ['module'] as const;
/** Node goes by the text where nothing else says what it is. */
const EITHER = ['commonjs', 'module'] as const;

/** Flags by which what says nothing of itself is an ES module. */
const DEFAULT = /--experimental-default-type[= ]module/;

/** Instruments what the loader reads from now on. @param onRead told of each file */
export function watchReads(addon: Addon, sources: Sources, onRead: (url: URL, file: string) => void): void {
  const isDefault = DEFAULT.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
  const kindsOf = (file: string): readonly SourceKind[] | undefined => {
    const extension = extname(file);
    if (extension === '.mjs') return MODULE;
    if (OTHERS.test(extension)) return undefined;
    return (ofModulePackage(file) ?? isDefault) ? MODULE : EITHER;
  };
  const decoder = new TextDecoder();
  // The program's own object, which its modules have as well: not the copy of it in here (realm.cts).
  const files = promises as unknown as Record<'readFile', (...args: unknown[]) => unknown>;
  files.readFile = addon.wrapRead(files.readFile, (url: URL, bytes: Uint8Array) => {
    const file = fileURLToPath(url);
    onRead(url, file);
    const kinds = kindsOf(file);
    return kinds && sources.transform(decoder.decode(bytes), file, kinds, MODULE);
  });
}
