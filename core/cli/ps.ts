/** `polyprobe ps`: the processes on this host that can be traced. */
import type { Command } from 'commander';
import { listProcesses, type ProcessList, type Recognise, type TraceableProcess } from '../elf/processes.js';
import { action, json, print, remark, table } from './output.js';

/** What the command is wired with. */
export interface PsDependencies {
  /** Names the interpreter and the program; without it both show as `?`. */
  readonly recognise?: Recognise;
}

const HELP = `
Shows every process that has mapped libpolyprobe.so, on the host and in its containers.

  ARMED      how many of its probes a tracer has armed now; ? if not permitted to know
  CONTAINER  the engine and the first digits of the id; ns: for an unnamed one
  PROGRAM    what the interpreter runs, or the command line where that is unknown

With --json each process also has its argv, executable, working directory, and the
copies of the library it has mapped, with the path that opens each from outside.

Processes of other users are only visible to root; how many were left out is said on
standard error. No such process is no error. Exit status: 0, 1 if processes can't be
listed at all, 2 for a wrong command line.

Examples:
  sudo polyprobe ps
  sudo polyprobe ps --json | jq '.processes[] | select(.armed != []) | .pid'`;

/** Adds the command. */
export function register(program: Command, dependencies: PsDependencies = {}): void {
  program
    .command('ps')
    .description('list the running processes that can be traced')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(
      action((options: { json?: boolean }) => {
        const found = listProcesses(dependencies.recognise ? { recognise: dependencies.recognise } : {});
        if (options.json) print(json(found));
        else if (found.processes.length > 0) print(psText(found));
        remarks(found).forEach(remark);
      }),
    );
}

/** The table for people. */
export function psText(found: ProcessList, now = new Date()): string {
  return table(
    ['PID', 'USER', 'RUNTIME', 'STARTED', 'ARMED', 'CONTAINER', 'PROGRAM'],
    found.processes.map((process) => [
      process.pid,
      process.user,
      runtimeText(process),
      startedText(process.started, now),
      process.armed === undefined ? '?' : String(process.armed.length),
      containerText(process.container),
      process.program ?? (process.commandLine || process.exe || '?'),
    ]),
  );
}

function remarks(found: ProcessList): string[] {
  const n = found.unreadable;
  // Even root may be refused, by a process that has more capabilities than we.
  const advice = process.geteuid?.() === 0 ? '' : '; run as root to see all';
  return [
    ...(found.processes.length === 0 ? ['no process has mapped libpolyprobe.so'] : []),
    ...(n > 0 ? [`not permitted to look into ${n} ${n === 1 ? 'process' : 'processes'}${advice}`] : []),
    ...found.processes.flatMap(({ pid, copies }) =>
      copies
        .filter((copy) => copy.error !== undefined)
        .map((copy) => `process ${pid}: ${copy.path}: ${copy.error ?? ''}`),
    ),
  ];
}

function runtimeText({ runtime, version }: TraceableProcess): string {
  if (runtime === undefined) return '?';
  return version === undefined ? runtime : `${runtime} ${version}`;
}

/** Today's time of day, or the date: local time, as ps(1) shows it. */
function startedText(started: Date | undefined, now: Date): string {
  if (!started) return '?';
  const two = (n: number): string => String(n).padStart(2, '0');
  const time = `${two(started.getHours())}:${two(started.getMinutes())}`;
  if (started.toDateString() === now.toDateString()) return time;
  return `${started.getFullYear()}-${two(started.getMonth() + 1)}-${two(started.getDate())}`;
}

/** An id's first twelve digits are what the engines' own tools show. */
function containerText(container: string | undefined): string {
  return container === undefined ? '-' : container.replace(/([0-9a-f]{12})[0-9a-f]{52}$/, '$1');
}
