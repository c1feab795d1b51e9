/** `polyprobe env`: what `polyprobe run` sets, for a service file, a container or a shell. */
import type { Command } from 'commander';
import { environment } from '../runtimes/index.js';
import { action, json, print } from './output.js';
import { runOptions, withRunOptions, type RunFlags } from './run-options.js';

const HELP = `
Prints NAME=value lines, quoted so that a shell and systemd's EnvironmentFile= both read them. What NODE_OPTIONS
already holds in the present environment is kept.

Examples:
  polyprobe env > /etc/polyprobe.env              then in the unit: EnvironmentFile=/etc/polyprobe.env
  eval "$(polyprobe env --export)"                in a shell`;

/** A value as both sh(1) and systemd.exec(5) read it. */
export function quoted(value: string): string {
  return /^[\w@%+=:,./-]*$/.test(value) ? value : `"${value.replace(/["\\$`]/g, '\\$&')}"`;
}

/** Adds the command. */
export function register(program: Command): void {
  withRunOptions(program.command('env'))
    .description("print the environment that 'run' sets, for a service file")
    .option('--export', "write 'export NAME=value'", false)
    .option('--json', 'print JSON', false)
    .addHelpText('after', HELP)
    .action(
      action((flags: RunFlags & { export: boolean; json: boolean }) => {
        const set = environment(runOptions(flags), process.env);
        if (flags.json) print(json(set));
        else
          print(
            Object.entries(set)
              .map(([name, value]) => `${flags.export ? 'export ' : ''}${name}=${quoted(value)}\n`)
              .join(''),
          );
      }),
    );
}
