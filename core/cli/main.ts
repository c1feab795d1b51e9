#!/usr/bin/env node
/** `polyprobe`: wires the commands, one file each, and turns whatever goes wrong into a message and an exit status. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { argumentNames } from '../abi/names.js';
import { PACKAGE } from '../paths.js';
import { recognise } from '../runtimes/index.js';
import { register as forInterpreter } from './build.js';
import { register as check } from './check.js';
import { register as env } from './env.js';
import { cliError, EXIT_USAGE, type CliError } from './errors.js';
import { register as lib } from './lib.js';
import { register as list } from './list.js';
import { quietPipes, reportError } from './output.js';
import { register as probes } from './probes.js';
import { register as ps } from './ps.js';
import { keepDescriptors, register as run } from './run.js';
import { register as script } from './script.js';
import { register as trace } from './trace.js';

const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as { version: string };

const HELP = `
Start with:
  polyprobe run -- node app.js                    run a program so that it can be traced
  sudo polyprobe trace calls -p PID               see its functions, live
  sudo bpftrace -e "usdt:$(polyprobe lib):*:gc__start { @[pid] = count(); }"

Every command has its own help: polyprobe trace --help`;

/** The whole program, for tests as well. */
export function build(): Command {
  const program = new Command('polyprobe')
    .description('System-tracing probes (USDT) for dynamic languages')
    .version(version, '-V, --version', 'print the version')
    .enablePositionalOptions()
    // Its errors are said as all others are.
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', HELP)
    .exitOverride();
  run(program);
  env(program);
  lib(program);
  probes(program);
  ps(program, { recognise });
  list(program, { describe: argumentNames });
  check(program);
  forInterpreter(program);
  script(program);
  trace(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

/** What commander has to say of a command line, in the form of all errors. */
export function usageError(error: CommanderError, program: Command, args: readonly string[]): CliError {
  const names = program.commands.map((command) => command.name());
  const command = names.find((name) => name === args[0]);
  const text = error.message.replace(/^error: /, '').trim();
  // "... is invalid. Expected a number.", "too many arguments for 'lib'. Expected 0 arguments but got 1."
  const [, what = text, expected] = /^([^]*?)\. Expected ([^]*?)\.?$/.exec(text) ?? [];
  const usual: Record<string, string> = {
    'commander.unknownCommand': `one of ${names.join(', ')}`,
    'commander.unknownOption': command ? `an option of polyprobe ${command}` : 'an option, or a command',
    'commander.missingArgument': `polyprobe ${command} ${program.commands.find((it) => it.name() === command)?.usage() ?? ''}`,
    'commander.optionMissingArgument': 'a value behind the option',
  };
  const values = {
    detail: what.replace(/\n/g, ' '),
    expected: expected ?? usual[error.code] ?? 'what the help says',
    command: command === undefined ? '' : `${command} `,
  };
  return cliError('usage', values, { cause: error });
}

async function main(): Promise<void> {
  if (process.argv[2] === 'run') keepDescriptors();
  quietPipes();
  const program = build();
  const args = process.argv.slice(2);
  try {
    // Commander would print the whole help.
    if (args[0] === 'help' && args[1] !== undefined && !program.commands.some((it) => it.name() === args[1]))
      throw new CommanderError(1, 'commander.unknownCommand', `error: unknown command '${args[1]}'`);
    await program.parseAsync();
  } catch (error) {
    // What is printed by itself: help, which is no error if it was asked for, and the version.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help'))
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    else reportError(error instanceof CommanderError ? usageError(error, program, args) : error);
  }
}

await main();
