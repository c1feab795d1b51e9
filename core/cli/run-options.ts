/** The options that `run` and `env` share. */
import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { RunOptions } from '../runtimes/index.js';

/** As commander hands them over. */
export interface RunFlags {
  readonly include?: string[];
  readonly exclude?: string[];
  readonly root?: string;
  readonly functions: boolean;
}

const collect = (glob: string, before: string[] | undefined): string[] => [...(before ?? []), glob];

/** Adds them to a command. */
export function withRunOptions(command: Command): Command {
  return command
    .option(
      '-i, --include <glob>',
      "source files whose functions can be traced, instead of the application's own; may be repeated",
      collect,
    )
    .option('-x, --exclude <glob>', 'source files to leave alone; may be repeated', collect)
    .option('--root <folder>', 'where relative globs and module names start; default: the working directory')
    .option('--no-functions', 'leave functions alone: requests, GC, loads and the rest can still be traced');
}

/** What the runtimes are told. */
export function runOptions(flags: RunFlags): RunOptions {
  return {
    include: flags.include,
    exclude: flags.exclude,
    root: flags.root === undefined ? undefined : resolve(flags.root),
    functions: flags.functions,
  };
}
