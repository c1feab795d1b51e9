/**
 * A copy of the package with a library file of its own.
 *
 * A uprobe belongs to a file: who attaches to this copy by path sees this test's programs alone, and other tests' tracers
 * don't arm its sites. So a test can say exactly what is hooked, and when.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { probesOfProcess } from '../../core/elf/process.js';
import { plainEnv, PROGRAMS, start, type Outcome, type Running } from '../harness/node.js';
import { isAttached, program, READY, Tracer, until, type Actions } from '../harness/trace.js';
import { PROBES, type ProbeName } from '../../core/abi/abi.gen.cjs';

export interface Attach {
  /** Only this process; it must run already. */
  readonly pid?: number;
  readonly args?: readonly string[];
}

/** The bit set that runtime__hooks tells when these probes are hooked, and no other. */
export function setOf(names: readonly string[]): number {
  return names.reduce((set, name) => set + 2 ** PROBES[name as ProbeName], 0);
}

/** Copies what `npm pack` would take and what was built, with the dependencies as a link. */
export function copyPackage(folder: string): void {
  for (const part of ['dist/core', 'dist/providers', 'build/Release', 'package.json'])
    cpSync(join(PACKAGE, part), join(folder, part), { recursive: true });
  symlinkSync(join(PACKAGE, 'node_modules'), join(folder, 'node_modules'));
}

/**
 * Starts a command with exactly this environment: a test runner that patches `spawn` adds its own NODE_OPTIONS, which
 * env(1) takes away again before it becomes the command.
 */
export function startAs(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Running {
  const { NODE_OPTIONS } = env;
  const set = NODE_OPTIONS === undefined ? ['-u', 'NODE_OPTIONS'] : [`NODE_OPTIONS=${NODE_OPTIONS}`];
  return start('/usr/bin/env', [...set, command, ...args], { env, cwd });
}

/** One copy, for the test file that makes it. */
export class Isolated {
  readonly folder: string;
  readonly library: string;
  readonly preload: string;
  readonly cli: string;
  /** Where tests tell programs to go on that can't read their stdin, because they never yield. */
  readonly signals: string;
  /** Maps the library and does nothing: what is armed in it is armed by path. */
  readonly #idle: Running;

  constructor(t: Test) {
    this.folder = mkdtempSync(join(tmpdir(), 'polyprobe-test-'));
    copyPackage(this.folder);
    this.library = join(this.folder, 'build/Release/libpolyprobe.so');
    this.preload = join(this.folder, 'dist/providers/node/preload.cjs');
    this.cli = join(this.folder, 'dist/core/cli/main.js');
    this.signals = join(this.folder, 'signals');
    mkdirSync(this.signals);
    this.#idle = this.start(['-e', 'console.log("ready"); process.stdin.resume()']);
    t.teardown(async () => {
      this.#idle.child.kill('SIGKILL');
      await this.#idle.done;
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** The environment of a program with this copy's provider. */
  env(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...this.plainEnv(), NODE_OPTIONS: `--require=${this.preload}`, ...extra };
  }

  /** The same without the provider. */
  plainEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return { ...plainEnv(), SIGNALS: this.signals, ...extra };
  }

  /** Starts Node with the provider. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = this.env(), cwd = PROGRAMS): Running {
    return startAs(process.execPath, args, env, cwd);
  }

  /** Runs Node with the provider to its end. */
  run(args: readonly string[], env: NodeJS.ProcessEnv = this.env(), cwd = PROGRAMS): Promise<Outcome> {
    const running = this.start(args, env, cwd);
    running.child.stdin!.end();
    return running.done;
  }

  /** Names of the probes that are armed in a process; by default, those that some tracer armed by path. */
  armed(pid = this.#idle.pid): Set<string> {
    const armed = new Set<string>();
    for (const { probes } of probesOfProcess(pid).files)
      for (const probe of probes)
        if (probe.provider === 'polyprobe_node' && probe.armed === true) armed.add(probe.name);
    return armed;
  }

  /** Attaches and waits until every probe is attached. */
  async attach(t: Test, actions: Actions, { pid, args = [] }: Attach = {}): Promise<Tracer> {
    const only = pid === undefined ? [] : ['-p', String(pid)];
    const tracer = new Tracer(`${program(actions, this.library)}\n${READY}`, [...only, ...args]);
    t.teardown(() => tracer.process.kill('SIGKILL'));
    await until(`bpftrace to attach: ${Object.keys(actions).join(', ')}`, () => {
      if (tracer.process.exitCode !== null) throw new Error(`bpftrace ended: ${tracer.output.join('\n')}`);
      return isAttached(tracer);
    });
    return tracer;
  }
}
