/** `polyprobe run`: a command with polyprobe loaded in it and in its children. */
import { spawn } from 'node:child_process';
import { close as closeInspector, url as inspectorUrl } from 'node:inspector';
import { constants } from 'node:os';
import type { Command } from 'commander';
import { isStatus, loadAddon } from '../../providers/node/addon.cjs';
import { VARIABLES } from '../../providers/node/options.cjs';
import { environment, forbids } from '../runtimes/index.js';
import { which } from '../runtimes/path-search.js';
import { cliError } from './errors.js';
import { action, remark } from './output.js';
import { runOptions, withRunOptions, type RunFlags } from './run-options.js';

const HELP = `
The command replaces polyprobe: same process, same streams, signals and exit status. It works by environment
variables only, which children inherit; 'polyprobe env' prints them for a service file. Nothing is hooked, and
nothing slows down, until a tracer attaches.

By default the application's own files can be traced, not node_modules: -i '**' takes everything. A path takes a file,
or all of a folder. What was chosen and can't be instrumented runs as it is; --report FILE says what that is, and why,
and at the end which globs no file has matched.

Descriptors, limits and the rest are passed on as they are; only signals that were ignored (nohup) are not any more, as
whenever Node.js starts.

Exit status: the command's own; 127 if it can't be found, 126 if it can't be run, 2 for a wrong command line.

Examples:
  polyprobe run -- node server.js
  polyprobe run -i 'src/**' -i 'node_modules/express/**' -- npm start`;

let descriptors: number[] = [];

/** Notes what this process was started with. To be called before anything is opened: files, streams. */
export function keepDescriptors(): void {
  const addon = loadAddon();
  if (!isStatus(addon)) descriptors = addon.inherited();
}

/** Runs a program in this process's place. Only returns when it can't. @returns the errno value, or undefined */
function replace(path: string, args: readonly string[], env: NodeJS.ProcessEnv): number | undefined {
  const addon = loadAddon();
  if (isStatus(addon)) return undefined;
  const list = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  // Its socket is no business of the command's.
  if (inspectorUrl() !== undefined) closeInspector();
  const errno = addon.exec(path, [...args], list, descriptors);
  // A script without a first line that names its interpreter: what execvp(3) does.
  if (errno === constants.errno.ENOEXEC)
    return addon.exec('/bin/sh', ['sh', path, ...args.slice(1)], list, descriptors);
  return errno;
}

/** Where the native part can't be loaded: a child, with everything passed on by hand. */
function follow(path: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(path, args.slice(1), { stdio: 'inherit', env, argv0: args[0] });
    for (const signal of [
      'SIGINT',
      'SIGTERM',
      'SIGHUP',
      'SIGQUIT',
      'SIGUSR1',
      'SIGUSR2',
      'SIGWINCH',
      'SIGCONT',
    ] as const)
      process.on(signal, () => child.kill(signal));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      process.removeAllListeners();
      if (signal) process.kill(process.pid, signal);
      process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve();
    });
  });
}

/** Adds the command. */
export function register(program: Command): void {
  withRunOptions(program.command('run'))
    .description('run a command so that it can be traced')
    .argument('<command>', 'what to run; -- before it keeps its options apart')
    .argument('[args...]', 'its arguments')
    .option('-q, --quiet', "don't say on standard error when nothing can be traced here", false)
    .passThroughOptions()
    .addHelpText('after', HELP)
    .action(
      action(async (command: string, args: string[], flags: RunFlags & { quiet: boolean }) => {
        const found = which(command);
        if (found === 'not-found') throw cliError('run/not-found', { command });
        if (found === 'not-executable') throw cliError('run/not-executable', { command });
        const set = environment(runOptions(flags), process.env);
        const forbidden = forbids([command, ...args], process.env);
        const env = { ...process.env, ...(forbidden ? {} : set) };
        const unsupported = loadAddon();
        const off = forbidden ?? (isStatus(unsupported) ? { ...unsupported, what: unsupported.message } : undefined);
        // Said here once, so the program's own Node needn't.
        if (!off && !flags.quiet) env[VARIABLES.notice] = '1';
        if (off && !flags.quiet) remark(`off: ${off.what}; the command runs without probes. To do: ${off.todo}`);
        const errno = replace(found.path, [command, ...args], env);
        if (errno !== undefined) {
          const name = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0];
          throw cliError('run/failed', { command, detail: name ?? `error ${errno}` });
        }
        await follow(found.path, [command, ...args], env);
      }),
    );
}
