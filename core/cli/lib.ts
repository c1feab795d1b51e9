/** `polyprobe lib`: the file that tracers attach to. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { LIBRARY } from '../paths.js';
import { cliError } from './errors.js';
import { action, json, print } from './output.js';

const HELP = `
Attach to it by path to see every process that has it mapped, with -p to see one. Other installations and containers
have copies of their own: 'polyprobe ps --json' shows them, 'polyprobe trace' attaches to all.

Example:
  sudo bpftrace -e "usdt:$(polyprobe lib):*:request__done { @[arg1] = count(); }"`;

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('lib')
    .description('print the path of the library to attach to')
    .option('--json', 'print JSON', false)
    .addHelpText('after', HELP)
    .action(
      action((flags: { json: boolean }) => {
        if (!existsSync(LIBRARY)) throw cliError('lib/not-built', { path: LIBRARY });
        print(flags.json ? json({ path: LIBRARY }) : `${LIBRARY}\n`);
      }),
    );
}
