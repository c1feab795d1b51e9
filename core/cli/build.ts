/** `polyprobe build`: the native part for another interpreter on this machine than the one that npm built it for. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { once } from 'node:events';
import { InvalidArgumentError, type Command } from 'commander';
import { NATIVE } from '../paths.js';
import { runtimes, type Runtime } from '../runtimes/index.js';
import { which } from '../runtimes/path-search.js';
import { cliError } from './errors.js';
import { action, print } from './output.js';

const HELP = `
npm builds for the Node.js that it runs on. Other versions on the same machine (nvm, fnm, containers that share the
folder) need a build of their own; all stand side by side, and each interpreter loads its own. 'polyprobe check' says
which are missing. It takes what the installation took: cmake, g++ and make, and the interpreter's headers beside it.

Example:
  polyprobe build --node ~/.nvm/versions/node/v22.15.0/bin/node`;

/** The folder that is written to, or the nearest above it that is there. */
function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function build(runtime: Runtime, interpreter: string): Promise<void> {
  const found = which(interpreter);
  if (found === 'not-found') throw cliError('run/not-found', { command: interpreter });
  if (found === 'not-executable') throw cliError('run/not-executable', { command: interpreter });
  const before = await runtime.installation(found.path);
  if (before.version === undefined || before.isUnsupported)
    throw cliError('build/unsupported', { path: found.path, detail: before.how, todo: before.todo });
  if (!isWritable(NATIVE)) throw cliError('build/no-permission', { folder: NATIVE });
  const [command, ...args] = runtime.buildCommand(found.path);
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = (await once(child, 'close')) as [number | null];
  const after = await runtime.installation(found.path);
  if (status !== 0 || !after.served) throw cliError('build/failed', { path: found.path });
  print(`built for ${runtime.interpreter} ${before.version}, ${found.path}\n`);
}

/** Adds the command. */
export function register(program: Command): void {
  const command = program
    .command('build')
    .description('build the native part for another interpreter on this machine')
    .addHelpText('after', HELP);
  const path = (text: string): string => {
    if (text === '') throw new InvalidArgumentError('expected the path of an interpreter');
    return text;
  };
  for (const { id, interpreter } of runtimes) command.option(`--${id} <path>`, `build for this ${interpreter}`, path);
  command.action(
    action(async (flags: Record<string, string | undefined>) => {
      const chosen = runtimes.filter(({ id }) => flags[id] !== undefined);
      if (chosen.length === 0)
        throw cliError('build/nothing', { flags: runtimes.map(({ id }) => `--${id} PATH`).join(', ') });
      for (const runtime of chosen) await build(runtime, flags[runtime.id]!);
    }),
  );
}
