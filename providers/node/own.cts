/**
 * own: the provider's own files, and the packages it needs, apart from the program's.
 *
 * Some are first needed in the middle of a program, which may have the same package (half loaded, or changed), may have put
 * its own functions into Node's loader or `fs`, and may look at `require.cache`. So they are loaded past all that, by what
 * was there when the provider was started. Only builtins, JSON, and CommonJS that names its files plainly.
 *
 * Called by: whatever in the provider loads late. Owns: the modules so loaded, one of each for each isolate.
 */
import Module = require('node:module');
import nodeFs = require('node:fs');
import { dirname, join } from 'node:path';
import { compileFunction } from 'node:vm';

interface Loaded {
  exports: unknown;
}

/** Node's loader, as far as it is public: https://nodejs.org/docs/latest-v20.x/api/modules.html */
interface Loader {
  _cache: Record<string, Loaded | undefined>;
  _load(request: string, parent: unknown, isMain: boolean): unknown;
  _findPath(request: string, paths: readonly string[], isMain: boolean): string | false;
}

const loader = Module as unknown as Loader;
const { _load, _findPath } = loader;
const { isBuiltin } = Module;

/** The compiled package: this file lies in providers/node of it; and what was built. */
const FOLDERS = [join(__dirname, '../..'), join(__dirname, '../../../build/Release')].map((folder) => folder + '/');

const modules = new Map<string, Loaded>();

/** Functions of `fs` as they were: a program that has replaced some isn't to hear of what we read. */
const { closeSync, existsSync, fstatSync, futimesSync, lstatSync, mkdirSync, openSync, readSync } = nodeFs;
const { readdirSync, renameSync, rmSync, statSync, unlinkSync, writeSync, constants } = nodeFs;

/** Reads a file that is open; Node's own function would ask the replaced ones. */
function readOpen(descriptor: number): Buffer {
  const bytes = Buffer.alloc(fstatSync(descriptor).size);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

function readText(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    return readOpen(descriptor).toString('utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file that isn't there yet, readable by its owner. */
function writeNew(path: string, bytes: Uint8Array): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done);
  } finally {
    closeSync(descriptor);
  }
}

export const fs = {
  ...{ closeSync, existsSync, fstatSync, futimesSync, lstatSync, mkdirSync, openSync, readOpen, readText, readdirSync },
  ...{ renameSync, rmSync, statSync, unlinkSync, writeNew, constants },
};

/**
 * Takes our files out of Node's cache, where the program would find them. What it requires of us itself, it loads anew.
 * @param except a file that stays
 */
export function adopt(except?: string): void {
  for (const [file, module] of Object.entries(loader._cache)) {
    if (!module || file === except || !FOLDERS.some((folder) => file.startsWith(folder))) continue;
    modules.set(file, module);
    delete loader._cache[file];
  }
}

function isOurs(file: string): boolean {
  return FOLDERS.some((folder) => file.startsWith(folder));
}

/** Loads a file, once. */
function loadFile(file: string): unknown {
  // Before the provider is started, and in tests, our files are where Node has put them.
  const known = modules.get(file) ?? (isOurs(file) ? loader._cache[file] : undefined);
  if (known) return known.exports;
  const text = readText(file);
  const module: Loaded = { exports: {} };
  modules.set(file, module);
  try {
    if (file.endsWith('.json')) module.exports = JSON.parse(text);
    else run(module, text, file);
  } catch (error) {
    modules.delete(file);
    throw error;
  }
  return module.exports;
}

function run(module: Loaded, text: string, file: string): void {
  const folder = dirname(file);
  const require = (id: string): unknown => load(id, folder);
  const names = ['exports', 'require', 'module', '__filename', '__dirname'];
  const body = compileFunction(text, names, { filename: file }) as (...args: unknown[]) => void;
  body.call(module.exports, module.exports, require, module, file, folder);
}

function load(id: string, folder: string): unknown {
  if (isBuiltin(id)) return _load.call(Module, id, undefined, false);
  const file = _findPath.call(Module, id, id.startsWith('.') ? [folder] : nodeModulesPaths(folder), false);
  if (file === false) throw new Error(`no ${id} for ${folder}`);
  return loadFile(file);
}

/** Where packages are looked for. */
function nodeModulesPaths(folder: string): string[] {
  const above = dirname(folder);
  return [join(folder, 'node_modules'), ...(above === folder ? [] : nodeModulesPaths(above))];
}

/** `require`, by a name or a path from this file's folder, unseen by the program. */
export function own(id: string): unknown {
  return load(id, __dirname);
}
