/**
 * realm: the provider's code runs in a context of its own (node:vm), with an `Array`, a `Function.prototype` and so on that the
 * program can't reach.
 *
 * The provider works in the middle of programs: while they load files, format stack traces, answer requests. A program may
 * have replaced, frozen or booby-trapped any of the language's objects by then, and would fell the provider or see it at
 * work. Here it does neither. Node's own modules are handed over as they were when the provider asked for them first.
 *
 * Owns: how the provider's modules, and packages that they use, are found and loaded; they don't appear in require.cache.
 * Called by: `index.cts`, which brings this file itself into the context. Nothing else in here knows of it, but `host.cts`: on
 * Node's loader thread, and in tests, the same modules are loaded by `require`.
 */
import { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { compileFunction, type Context } from 'node:vm';
import type { fs as Files } from './own.cjs';

/** What Node adds to the language. The values are the program's own, as they are now. */
const NODE = [
  ...['process', 'Buffer', 'URL', 'URLSearchParams', 'TextEncoder', 'TextDecoder', 'queueMicrotask', 'structuredClone'],
  ...['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate'],
] as const;

/** Modules of Node's that the provider changes, and so must have in person. */
const IN_PERSON = new Set(['module', 'process']);

type Require = (name: string) => unknown;
type Wrapper = (exports: unknown, require: Require, module: object, file: string, folder: string) => void;

/** Loads modules into a context of their own; each once. */
export class Realm {
  readonly #context: Context;
  readonly #files: typeof Files;
  readonly #builtins = new Map<string, unknown>();
  readonly #modules = new Map<string, { exports: unknown }>();
  /** Parameters of each module: the global object of such a context asks its maker for every name. */
  readonly #names: readonly string[];
  readonly #values: readonly unknown[];
  readonly #node: NodeJS.Require;

  /** @param file this one; @param host the program's global object; @param files of own.cts */
  constructor(context: Context, file: string, host: typeof globalThis, files: typeof Files) {
    this.#context = context;
    this.#files = files;
    this.#node = createRequire(file);
    const language = Object.getOwnPropertyDescriptors(globalThis) as Record<string, PropertyDescriptor>;
    const names = Object.keys(language).filter((name) => !['globalThis', 'undefined', 'eval'].includes(name));
    this.#names = ['polyprobeHost', ...names, ...NODE];
    this.#values = [host, ...names.map((name) => language[name]!.value as unknown), ...NODE.map((name) => host[name])];
  }

  /** A module's exports. @param file its absolute path */
  load(file: string): unknown {
    let module = this.#modules.get(file);
    if (module) return module.exports;
    module = { exports: {} };
    this.#modules.set(file, module);
    try {
      this.#run(module, file);
    } catch (error) {
      this.#modules.delete(file);
      throw error;
    }
    return module.exports;
  }

  #run(module: { exports: unknown }, file: string): void {
    if (extname(file) === '.node') {
      process.dlopen(module, file);
      return;
    }
    const text = this.#files.readText(file);
    if (extname(file) === '.json') {
      module.exports = JSON.parse(text) as unknown;
      return;
    }
    // Two functions, so that a module may have names of its own for what are parameters here.
    const code = `return (function (exports, require, module, __filename, __dirname) {${text}\n})`;
    const made = compileFunction(code, this.#names, { parsingContext: this.#context, filename: file });
    const wrapper = (made as (...values: readonly unknown[]) => Wrapper)(...this.#values);
    const folder = dirname(file);
    wrapper(module.exports, (name) => this.#require(name, folder), module, file, folder);
  }

  #require(name: string, folder: string): unknown {
    if (isBuiltin(name)) return this.#builtin(name.replace(/^node:/, ''));
    if (name.startsWith('/')) return this.load(name);
    return this.load(/^\.\.?\//.test(name) ? (this.#fileOf(join(folder, name)) ?? name) : this.#package(name, folder));
  }

  /** A copy, because programs replace functions of Node's modules as well. */
  #builtin(name: string): unknown {
    if (this.#builtins.has(name)) return this.#builtins.get(name);
    const own = this.#node(`node:${name}`) as Record<string, unknown>;
    const given = typeof own === 'object' && !IN_PERSON.has(name) ? copyOf(own) : own;
    this.#builtins.set(name, given);
    return given;
  }

  #package(name: string, from: string): string {
    for (let folder = from; ; folder = dirname(folder)) {
      const file = this.#fileOf(join(folder, 'node_modules', name));
      if (file !== undefined) return file;
      // A package manager that has no such folders has taught Node where to look.
      if (dirname(folder) === folder) return this.#node.resolve(name);
    }
  }

  /** The file that a path without an extension, or of a package, means; undefined if there is none. */
  #fileOf(path: string): string | undefined {
    const { existsSync, readText, statSync } = this.#files;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isFile()) return path;
    if (!stat) return ['.js', '.cjs', '.json'].map((extension) => path + extension).find((file) => existsSync(file));
    const { main = 'index.js' } = JSON.parse(readText(join(path, 'package.json'))) as { main?: string };
    return this.#fileOf(join(path, main));
  }
}

/** An object's properties as they are now; those that Node makes when they are asked for stay so. */
function copyOf(own: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  // Its keys are an array of Node's realm, where iteration may have been replaced.
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
    if (descriptor.get) Object.defineProperty(copy, name, descriptor);
    else copy[name] = descriptor.value;
  }
  return copy;
}
