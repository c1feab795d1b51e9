/**
 * What the operator has chosen, from the environment: `polyprobe run` and `polyprobe env` write it, workers and child
 * processes inherit it.
 */
import { dirname } from 'node:path';

/** Names of the variables; the command line sets them from its options. */
export const VARIABLES = {
  /** `off` switches everything off. */
  switch: 'POLYPROBE',
  /** Globs of files to instrument, separated by `:` (a colon in one is `\\:`); they replace the default (the application's own files). */
  include: 'POLYPROBE_INCLUDE',
  /** Globs of files to leave alone, separated by `:`. */
  exclude: 'POLYPROBE_EXCLUDE',
  /** Folder that relative globs and modules' names start from; the working directory if not set. */
  root: 'POLYPROBE_ROOT',
  /** `0`: functions aren't instrumented at all. */
  functions: 'POLYPROBE_FUNCTIONS',
  /** Absolute path of a file, to which is added what couldn't be instrumented: a JSON object a line. */
  report: 'POLYPROBE_REPORT',
  /** `1`: say on stderr, once, when nothing can be traced here. Removed when it has been said. */
  notice: 'POLYPROBE_NOTICE',
} as const;

/** The operator's choices. */
export interface Options {
  readonly off: boolean;
  readonly functions: boolean;
  readonly include: readonly string[] | undefined;
  readonly exclude: readonly string[] | undefined;
  readonly root: string;
  readonly report: string | undefined;
}

/** One pattern of several: up to a colon, but not one behind a backslash. */
const PATTERN = /(?:\\[^]|[^:\\]|\\$)+/g;

/** Patterns as one variable holds them. */
export function joinPatterns(patterns: readonly string[]): string {
  return patterns.map((pattern) => pattern.replace(/\\[^]|:/g, (it) => (it === ':' ? '\\:' : it))).join(':');
}

/** Patterns out of a variable. A colon keeps its backslash, which globs take for what it is. */
export function splitPatterns(value: string | undefined): string[] | undefined {
  return value?.match(PATTERN) ?? undefined;
}

/** The working directory, which may have been deleted. */
function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return dirname(process.argv[1] ?? '/');
  }
}

/** Reads them. Never throws. */
export function readOptions(env: NodeJS.ProcessEnv = process.env): Options {
  return {
    off: /^(off|0|no|false)$/i.test(env[VARIABLES.switch] ?? ''),
    functions: env[VARIABLES.functions] !== '0',
    include: splitPatterns(env[VARIABLES.include]),
    exclude: splitPatterns(env[VARIABLES.exclude]),
    root: env[VARIABLES.root] || workingDirectory(),
    report: env[VARIABLES.report] || undefined,
  };
}
