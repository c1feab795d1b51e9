/**
 * hook: puts `source.cts` into Node's loaders.
 *
 * `Module.prototype._compile` for CommonJS, and for ES modules that are required. What is imported passes through hooks of
 * Node's from 22.15 on (`imports.cts`), which are put in when the first `import` is in sight; before, it is seen as it is read
 * (`reads.cts`) or, where that isn't enough, passes through hooks on a loader thread (`esm.cts`).
 * Called by `index.cts`, once for each isolate.
 */
import Module = require('node:module');
import { isMainThread, MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Addon } from './addon.cjs';
import { named } from './builtins.cjs';
import { Imports } from './imports.cjs';
import type { SourceKind } from './instrument/index.cjs';
import type { Options } from './options.cjs';
import { hasStack } from './own.cjs';
import { seemsToImport } from './program.cjs';
import { watchReads } from './reads.cjs';
import { refusedFile } from './refusals.cjs';
import { instrumenting, type Sources } from './source.cjs';
import { isTypeScript, strippedFormat, TypeStripper } from './typescript.cjs';

/** Node's modules, as far as @types/node 20 doesn't know them. */
interface NodeModule {
  prototype: { _compile: (content: string, filename: string, format?: string) => unknown };
  register(specifier: string | URL, options: { data: unknown; transferList: readonly MessagePort[] }): void;
  syncBuiltinESMExports(): void;
  registerHooks?: unknown;
}

/** What is to be done about `import`. */
export interface ImportHooks {
  /** Whether they are in, or nothing has to be put in for `import` to be seen. */
  readonly started: boolean;
  /** Puts the hooks in, if they aren't. */
  start(): void;
  /** Whether loads are traced. */
  traceLoads(on: boolean): void;
}

const KINDS: Record<string, readonly SourceKind[]> = {
  module: ['module'],
  commonjs: ['commonjs'],
};
/** What a file is when nobody has said. */
const EITHER: readonly SourceKind[] = ['commonjs', 'module'];

/**
 * What the loader thread loads. Not the file itself: where ES modules are the default, Node gives CommonJS on that thread a
 * `require` that fails.
 */
const LOADER = `data:text/javascript,${encodeURIComponent(
  `import { createRequire } from 'node:module';
  export const { initialize, resolve, load } = createRequire(${JSON.stringify(__filename)})('./esm.cjs');`,
)}`;

/** Flags by which the program has loaders from its beginning. */
const LOADERS = /--(?:experimental-)?loader\b/;

/**
 * For Node 20: what the loader reads is instrumented as it is read (`reads.cts`), unless the program has loaders of its own, or
 * loads are traced: those take a loader thread.
 */
function threadHooks(addon: Addon, options: Options, sources: Sources): ImportHooks {
  const node = Module as unknown as NodeModule;
  let registered = false;
  let registering = false;
  const register = (): void => {
    registered = registering = true;
    const { port1, port2 } = new MessageChannel();
    sources.refusals.hear(port1);
    try {
      node.register(LOADER, { data: { options, port: port2 }, transferList: [port2] });
    } catch (error) {
      // The program runs as it would have; what it imports doesn't fire.
      sources.refusals.add(refusedFile(LOADER, 'internal', String(error)));
    }
    registering = false;
  };
  // Loaders that turn something else into JavaScript (tsx) register after us and are asked before us. So we register once
  // more behind them: who is last sees what will be compiled.
  node.register = addon.wrap(
    node.register,
    () => registering,
    (ours) => {
      if (!ours) register();
    },
  );
  const hasLoaders = LOADERS.test([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
  let [inSight, tracesLoads] = [false, false];
  const hooks: ImportHooks = {
    // Where the reads tell, texts needn't be looked through.
    get started() {
      return inSight || !(hasLoaders || tracesLoads);
    },
    start() {
      inSight = true;
      if ((hasLoaders || tracesLoads) && !registered) register();
    },
    traceLoads(on) {
      tracesLoads = on;
      if (on && (inSight || !options.functions) && !registered) register();
    },
  };
  const onRead = (url: URL, file: string): void => {
    if (tracesLoads && !registered) {
      // The first that is imported, by whom nobody expected it of.
      addon.loadStart(url.href, file);
      addon.loadDone(url.href, file, 0, '');
    }
    hooks.start();
  };
  if (options.functions) watchReads(addon, sources, onRead);
  return hooks;
}

/** Code given by no file comes by in a wrapper, which is compiled; the code itself isn't. */
const AROUND_CODE = /^\[(eval|stdin|worker eval)\]-wrapper$/;
const codeOfProgram = (): string => (process as { _eval?: string })._eval ?? '';

/** Puts the hooks in. They stay: files have to be instrumented before anybody knows whether they will be traced. */
export function installLoaderHooks(addon: Addon, options: Options, sources: Sources): ImportHooks {
  const node = Module as unknown as NodeModule;
  const { prototype } = node;
  const types = new TypeStripper(prototype._compile);
  const onThisThread = typeof node.registerHooks === 'function';
  /** Since 20.19, what is required may be an ES module, and is compiled as it passes here, unless it is the program itself. */
  const requiresModules = (process.features as { require_module?: boolean }).require_module === true;
  const imports = onThisThread ? new Imports(addon, sources, types) : threadHooks(addon, options, sources);
  if (!options.functions) return imports;
  const { _compile } = prototype;
  prototype._compile = addon.wrap(_compile, (args: unknown[], self: unknown) => {
    const [content, filename, format] = args;
    if (typeof content !== 'string' || typeof filename !== 'string' || instrumenting()) return;
    if (!hasStack()) {
      sources.postpone(filename);
      return;
    }
    const isProgram = (self as { id?: unknown }).id === '.';
    const isAround = AROUND_CODE.test(filename);
    if (!imports.started && seemsToImport(isAround ? codeOfProgram() : content)) imports.start();
    const isTyped = isTypeScript(format);
    const text = isTyped ? types.file(content, filename) : content;
    if (text === undefined) return;
    const kinds = KINDS[(isTyped ? strippedFormat(format) : (format as string | undefined)) ?? ''] ?? EITHER;
    const code = sources.transform(text, filename, kinds);
    const isModule = sources.lastKind === 'module';
    if (isModule) imports.start();
    // Node will find out as well, and hand it to the loader for those.
    if (isModule && (!requiresModules || isProgram)) return;
    if (code === undefined) return;
    args[0] = code;
    if (isTyped) args[2] = strippedFormat(format);
  });
  named(_compile, '_compile');
  node.syncBuiltinESMExports();
  // On this thread it costs next to nothing, and a worker given by a URL of data says nothing of itself.
  if (onThisThread && !isMainThread) imports.start();
  return imports;
}
