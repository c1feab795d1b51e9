/** The options that `run` and `env` share. */
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { problemOf } from '../../providers/node/instrument/select.cjs';
import type { RunOptions } from '../runtimes/index.js';
import { cliError } from './errors.js';

/** As commander hands them over. */
export interface RunFlags {
  readonly include?: string[];
  readonly exclude?: string[];
  readonly root?: string;
  readonly functions: boolean;
  readonly report?: string;
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
    .option('--report <file>', "add to this file what can't be instrumented, and why: a JSON object a line")
    .option('--no-functions', 'leave functions alone: requests, GC, loads and the rest can still be traced');
}

/**
 * What the runtimes are told.
 * @throws CliError when a glob can't be one, or an option is empty
 */
export function runOptions(flags: RunFlags): RunOptions {
  for (const glob of [...(flags.include ?? []), ...(flags.exclude ?? [])]) {
    const problem = problemOf(glob);
    if (problem !== undefined) throw cliError('run/bad-glob', { glob, problem });
  }
  for (const [name, value] of Object.entries({ root: flags.root, report: flags.report }))
    if (value === '') throw cliError('usage', { detail: `--${name} is empty`, expected: 'a path' });
  return {
    include: flags.include,
    exclude: flags.exclude,
    root: flags.root === undefined ? undefined : resolve(flags.root),
    functions: flags.functions,
    report: flags.report === undefined ? undefined : resolve(flags.report),
  };
}
