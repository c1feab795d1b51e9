#!/usr/bin/env node
/** `polyprobe`: wires the commands, one file each, and turns whatever goes wrong into a message and an exit status. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { argumentNames } from '../abi/names.js';
import { PACKAGE } from '../paths.js';
import { recognise } from '../runtimes/index.js';
import { register as check } from './check.js';
import { register as env } from './env.js';
import { EXIT_USAGE } from './errors.js';
import { register as lib } from './lib.js';
import { register as list } from './list.js';
import { quietPipes, reportError } from './output.js';
import { register as probes } from './probes.js';
import { register as ps } from './ps.js';
import { register as run } from './run.js';
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
    .showHelpAfterError('(see polyprobe --help)')
    .addHelpText('after', HELP)
    .exitOverride();
  run(program);
  env(program);
  lib(program);
  probes(program);
  ps(program, { recognise });
  list(program, { describe: argumentNames });
  check(program);
  script(program);
  trace(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

async function main(): Promise<void> {
  quietPipes();
  try {
    await build().parseAsync();
  } catch (error) {
    // Commander has printed its message; help and version are no errors.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    else reportError(error);
  }
}

await main();
