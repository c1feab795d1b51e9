/** What the command line must know of a runtime. One file for each, listed in `index.ts`; nothing else names a language. */
import type { Recognisable } from '../elf/processes.js';

/** What `polyprobe run` and `polyprobe env` were asked for. */
export interface RunOptions {
  /** Globs of source files to follow; undefined: the runtime's default. */
  readonly include?: readonly string[] | undefined;
  /** Globs of source files to leave alone. */
  readonly exclude?: readonly string[] | undefined;
  /** Folder that relative globs start from; undefined: the program's working directory. */
  readonly root?: string | undefined;
  /** Absolute path of a file that is told what can't be instrumented. */
  readonly report?: string | undefined;
  /** Whether functions can be traced; false saves their instrumentation. */
  readonly functions: boolean;
}

/** One interpreter found on this machine, and how it is served. */
export interface Installation {
  readonly path: string;
  /** As the interpreter says it; undefined when it couldn't be run. */
  readonly version: string | undefined;
  readonly served: boolean;
  /** Whether no build could change that. */
  readonly isUnsupported?: boolean;
  /** How it is served, or why not. */
  readonly how: string;
  /** What to do when it isn't; '' for nothing. */
  readonly todo: string;
}

/**
 * A small program that makes every probe fire that the ABI says the runtime serves: `polyprobe check` runs it under a
 * tracer, so that what is listed and dead is found. It speaks the protocol of core/check/session.ts: prints `ready`, then for
 * each line of input does everything once and prints `done`, and ends with its input.
 */
export interface Exercise {
  /** The interpreter's arguments before the program's file. */
  readonly args: readonly string[];
  /** The program. It is run from a folder of its own, because providers leave polyprobe's own files alone. */
  readonly file: string;
}

/** What keeps a provider from loading, found in an environment. */
export interface Obstacle {
  readonly what: string;
  readonly todo: string;
}

/** One runtime. */
export interface Runtime {
  /** The language's id in the ABI's definition. */
  readonly id: string;
  /** The interpreter's usual command. */
  readonly interpreter: string;
  /** What its programs' names end with: `.js`. */
  readonly extension: string;
  /**
   * Whether a process is this runtime, from the outside.
   * @returns the program that it runs, or undefined when it is another runtime
   */
  recognise(process: Recognisable): { readonly program: string } | undefined;
  /**
   * What makes the runtime load its provider, in itself and in its children.
   * @param env what the program would have had; merged with, never modified
   * @returns only the variables to be set
   */
  environment(options: RunOptions, env: NodeJS.ProcessEnv): Record<string, string>;
  /**
   * Why a command would not start at all, or not as it should, if the provider were to be loaded in it.
   * @param command its name or path, and its arguments
   */
  forbids(command: readonly string[], env: NodeJS.ProcessEnv): Obstacle | undefined;
  /** The interpreters on this machine. Runs each once, to ask for its version. */
  installations(): Promise<Installation[]>;
  /** One of them, by its path. */
  installation(path: string): Promise<Installation>;
  /** The command that builds the native part for an interpreter, by its path. */
  buildCommand(path: string): readonly [command: string, ...args: string[]];
  /** What in an environment, ours or another process's, keeps the provider from loading or the program from starting. */
  obstacles(env: NodeJS.ProcessEnv): Obstacle[];
  /** Without one, `polyprobe check` can't say whether the runtime's probes fire. */
  readonly exercise?: Exercise;
}
