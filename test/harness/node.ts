/** Node programs with the provider loaded, for tests. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PACKAGE } from '../../core/paths.js';
import { environment } from '../../core/runtimes/index.js';
import type { RunOptions } from '../../core/runtimes/index.js';

/** Folder of the programs that tests run: plain JavaScript, not compiled. */
export const PROGRAMS = join(PACKAGE, 'test/node/programs');
/** The command line, compiled. */
export const CLI = join(PACKAGE, 'dist/core/cli/main.js');

/** What a program did. */
export interface Outcome {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that is running. */
export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves with the first line of stdout, from now or before, that contains `text`. */
  line(text: string): Promise<string>;
  /** The lines of stdout up to now. */
  lines(): string[];
  /** Says a line on its stdin. */
  say(text: string): void;
  /** Resolves when it has ended. */
  done: Promise<Outcome>;
}

/** The environment of a program under `polyprobe run`. */
export function providerEnv(options: Partial<RunOptions> = {}): NodeJS.ProcessEnv {
  const env = { ...process.env };
  // What the test runner needs is no business of the program's.
  for (const name of Object.keys(env)) if (/^(TAP|NODE_OPTIONS|NODE_V8_COVERAGE|_TAPJS)/.test(name)) delete env[name];
  return { ...env, ...environment({ functions: true, ...options }, env) };
}

/** The same without the provider. */
export function plainEnv(): NodeJS.ProcessEnv {
  const env = providerEnv();
  delete env['NODE_OPTIONS'];
  return env;
}

/** Starts any command. */
export function start(command: string, args: readonly string[], options: SpawnOptions = {}): Running {
  // Through env(1), which execs: the test runner puts an option of its own into the NODE_OPTIONS of what it sees started.
  const { env = providerEnv(), ...others } = options;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value ?? ''}`);
  const child = spawn('/usr/bin/env', ['-i', ...variables, command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...others,
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const check of waiting) check();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const done = once(child, 'close').then(([code, signal]: unknown[]): Outcome => {
    for (const check of waiting) check();
    return { pid: child.pid!, code: code as number | null, signal: signal as string | null, stdout, stderr };
  });
  return {
    child,
    pid: child.pid!,
    done,
    say: (text) => void child.stdin!.write(`${text}\n`),
    lines: () => stdout.split('\n').slice(0, -1),
    line: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = stdout
            .split('\n')
            .slice(0, -1)
            .find((line) => line.includes(text));
          if (found !== undefined) resolve(found);
          else if (child.exitCode !== null || child.signalCode !== null)
            reject(new Error(`ended without saying '${text}': ${stdout}${stderr}`));
          else return;
          waiting.delete(check);
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Starts a program of `programs/` by its name. */
export function startNode(name: string, args: readonly string[] = [], options: SpawnOptions = {}): Running {
  return start(process.execPath, [join(PROGRAMS, name), ...args], options);
}

/** Runs one to its end. */
export function runNode(name: string, args: readonly string[] = [], options: SpawnOptions = {}): Promise<Outcome> {
  const running = startNode(name, args, options);
  running.child.stdin?.end();
  return running.done;
}
