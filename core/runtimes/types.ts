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
  /** Whether functions can be traced; false saves their instrumentation. */
  readonly functions: boolean;
}

/** One interpreter found on this machine, and how it is served. */
export interface Installation {
  readonly path: string;
  /** As the interpreter says it; undefined when it couldn't be run. */
  readonly version: string | undefined;
  readonly served: boolean;
  /** How it is served, or why not. */
  readonly how: string;
  /** What to do when it isn't; '' for nothing. */
  readonly todo: string;
}

/** One runtime. */
export interface Runtime {
  /** The language's id in the ABI's definition. */
  readonly id: string;
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
  /** The interpreters on this machine. Runs each once, to ask for its version. */
  installations(): Promise<Installation[]>;
}
