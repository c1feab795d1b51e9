/**
 * program: what this isolate runs, and whether ES modules are in it. Called by `index.cts` and `hook.cts`.
 *
 * A program on standard input, and every worker's, isn't known while preloads run, but when it is about to be run.
 */
import Module = require('node:module');
import { basename, dirname, extname, join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { isMainThread } from 'node:worker_threads';
import type { Addon } from './addon.cjs';
import { fs } from './own.cjs';

/** A first sign of ES modules in a program: better one too many. */
const IMPORT = /\bimport\b\s*[\s({*'"\w$]|\bexport\b[^;]*\bfrom\b/g;

/** Flags by which something is imported whatever the program is, or the program is taken for an ES module. */
const FLAGS =
  /--(import|loader|experimental-loader|input-type|experimental-default-type|entry-url|experimental-entry-url|test)\b/;

/** Whether somebody types, and may import. */
const isInteractive = (): boolean =>
  isMainThread && (isatty(0) || process.execArgv.some((flag) => flag === '-i' || flag === '--interactive'));

/** Code given on the command line, on standard input, or to a worker instead of a file. */
const codeOfProgram = (): string | undefined => (process as { _eval?: string })._eval;

/** Whether what stands before it in its line makes a place one in a comment: types are told by `import(…)` there. */
function isComment(line: string): boolean {
  const start = line.trimStart();
  if (start.startsWith('//') || (start.startsWith('*') && !start.startsWith('*/'))) return true;
  return line.lastIndexOf('/*') > line.lastIndexOf('*/');
}

/** Whether a text has a sign that it will load ES modules. */
export function seemsToImport(text: string): boolean {
  for (const { index } of text.matchAll(IMPORT))
    if (!isComment(text.slice(text.lastIndexOf('\n', index) + 1, index))) return true;
  return false;
}

/** The program's name for people. */
export function programName(): string {
  const [, main] = process.argv;
  if (main !== undefined) return main;
  if (!isMainThread) return '[worker]';
  return codeOfProgram() === undefined ? '[stdin]' : '[eval]';
}

/** The file that Node will run, as it finds it: `node .` and links to programs have names without an extension. */
function mainFile(main: string): string {
  try {
    return Module.createRequire(join(process.cwd(), 'main')).resolve(resolve(main));
  } catch {
    return main;
  }
}

/** What the nearest package.json says of a file: whether what says nothing of itself is an ES module; undefined if it is silent. */
export function ofModulePackage(file: string): boolean | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    try {
      const { type } = JSON.parse(fs.readText(join(folder, 'package.json'))) as { type?: unknown };
      return type === 'module' ? true : type === 'commonjs' ? false : undefined;
    } catch {
      if (dirname(folder) === folder || basename(folder) === 'node_modules') return undefined;
    }
  }
}

/** Whether the program is, or may soon be, loaded by the loader for ES modules. */
export function startsWithModules(): boolean {
  if (FLAGS.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '))) return true;
  const code = codeOfProgram();
  if (code !== undefined) return seemsToImport(code);
  const [, main] = process.argv;
  if (main === undefined) return isInteractive();
  const file = mainFile(main);
  const extension = extname(file);
  if (/^\.(mjs|mts|wasm)$/.test(extension)) return true;
  return /^(\.js|\.ts|)$/.test(extension) && ofModulePackage(file) === true;
}

/** Node's own, which it calls to run a file and to run code: patched by many, and so kept as they are. */
interface Runner {
  runMain(...args: unknown[]): void;
  _nodeModulePaths(from: string): string[];
}

/** Calls `known` when it is known what will run: at once, or just before it does. */
export function whenProgramIsKnown(addon: Addon, known: () => void): void {
  if (isMainThread && (process.argv[1] !== undefined || codeOfProgram() !== undefined || isInteractive()))
    return known();
  const node = Module as unknown as Runner;
  const { runMain, _nodeModulePaths } = node;
  // Once only: a stack trace says under which name a function was called, and finds out by looking.
  const begin = (): void => {
    if (node.runMain === ourRunMain) node.runMain = runMain;
    if (node._nodeModulePaths === ourPaths) node._nodeModulePaths = _nodeModulePaths;
    known();
  };
  const ourRunMain = addon.wrap(runMain, begin);
  const ourPaths = addon.wrap(_nodeModulePaths, () => {
    // Preloads ask as well.
    if (codeOfProgram() !== undefined) begin();
  });
  node.runMain = ourRunMain;
  node._nodeModulePaths = ourPaths;
}
