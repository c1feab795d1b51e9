/**
 * The machine, as the checks see it: files, commands, environment. One narrow interface, so that tests can give another
 * machine: no bpftrace, no root, no Linux.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { release } from 'node:os';
import { findInPath } from '../runtimes/path-search.js';

/** How a command ended. */
export interface Ran {
  /** Exit status; undefined when a signal or the time limit ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a check may ask. Nothing here throws. */
export interface Host {
  /** As Node says it: `linux`, `darwin`. */
  readonly platform: string;
  /** As Node says it: `x64`, `arm64`. */
  readonly architecture: string;
  /** `6.1.0-18-amd64`. */
  readonly kernel: string;
  /** glibc's version; undefined where the C library is another (musl). */
  readonly glibc: string | undefined;
  /** Effective user; undefined where there are none. */
  readonly uid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** A file's text; undefined when it isn't there or may not be read. */
  read(path: string): string | undefined;
  /** Whether there is something of that name that we may see. */
  exists(path: string): boolean;
  /** Where a symbolic link points. */
  link(path: string): string | undefined;
  /** A path without symbolic links; the path itself when it can't be followed. */
  real(path: string): string;
  /** A command's path, as a shell finds it. */
  which(command: string): string | undefined;
  /** Every program in PATH whose name matches. */
  programs(name: RegExp): string[];
  /** Runs a command for some seconds at most. */
  run(command: string, args: readonly string[]): Promise<Ran>;
}

/* Long enough for a cold start on a busy machine, short enough to wait for. */
const COMMAND_MS = 10_000;

function orUndefined<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

function run(command: string, args: readonly string[]): Promise<Ran> {
  return new Promise((settle) => {
    execFile(
      command,
      args,
      { timeout: COMMAND_MS, killSignal: 'SIGKILL', encoding: 'utf8' },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        settle({ status, stdout, stderr });
      },
    );
  });
}

/** The machine that we run on. */
export function thisHost(): Host {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return {
    platform: process.platform,
    architecture: process.arch,
    kernel: release(),
    glibc: report?.header?.glibcVersionRuntime,
    uid: process.geteuid?.(),
    env: process.env,
    read: (path) => orUndefined(() => readFileSync(path, 'utf8')),
    exists: existsSync,
    link: (path) => orUndefined(() => readlinkSync(path)),
    real: (path) => orUndefined(() => realpathSync(path)) ?? path,
    which: (command) => findInPath(new RegExp(`^${command}$`))[0],
    programs: (name) => findInPath(name),
    run,
  };
}
