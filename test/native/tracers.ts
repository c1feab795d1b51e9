/**
 * Starts real tracers and the program on strings (puppet.c), line by line.
 *
 * Owns: their processes, ended with the test. Every tracer is filtered by process id or bound to a library of its own.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { has } from './toolchain.js';

export const TRACEFS = '/sys/kernel/tracing';

/** Why tracing can't be tested here, or false. */
export function untraceable(): string | false {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid!() !== 0) return 'needs root';
  return has('bpftrace') ? false : 'needs bpftrace';
}

/** Why raw uprobe events can't be tested here, or false. Mounts tracefs where it isn't. */
export function noTracefs(): string | false {
  if (process.getuid!() !== 0) return 'needs root';
  if (!existsSync(`${TRACEFS}/uprobe_events`)) spawnSync('mount', ['-t', 'tracefs', 'nodev', TRACEFS]);
  return existsSync(`${TRACEFS}/uprobe_events`) ? false : 'needs tracefs with uprobe_events';
}

/** A process that is read line by line. */
export class Lines {
  readonly lines: string[] = [];
  stderr = '';
  /** Settles with the exit status, or the signal's name. */
  readonly ended: Promise<number | string>;
  private wakeups: (() => void)[] = [];
  private over = false;

  constructor(
    test: Test,
    readonly process: ChildProcess,
  ) {
    createInterface({ input: process.stdout! }).on('line', (line) => {
      this.lines.push(line);
      this.wake();
    });
    process.stderr?.on('data', (data: Buffer) => {
      this.stderr += data.toString();
      this.wake();
    });
    this.ended = new Promise((settle) =>
      process.on('close', (status, signal) => {
        this.over = true;
        this.wake();
        settle(status ?? signal ?? -1);
      }),
    );
    test.teardown(async () => {
      process.kill('SIGKILL');
      await this.ended;
    });
  }

  private wake(): void {
    for (const wakeup of this.wakeups.splice(0)) wakeup();
  }

  /** Waits till something holds of what was said. @throws when the process ends first */
  async until(holds: (said: this) => boolean, what: string): Promise<void> {
    while (!holds(this)) {
      if (this.over)
        throw new Error(`ended before ${what}: ${this.lines.slice(-5).join('\n')}${this.stderr.slice(-2000)}`);
      await new Promise<void>((settle) => this.wakeups.push(settle));
    }
  }

  /** Waits for a line and takes it. */
  async line(pattern: RegExp): Promise<string> {
    await this.until(({ lines }) => lines.some((line) => pattern.test(line)), String(pattern));
    return this.lines.splice(
      this.lines.findIndex((line) => pattern.test(line)),
      1,
    )[0]!;
  }

  /**
   * Ends it by a signal and waits. The signal is repeated: bpftrace 0.17 loses one that arrives while it prints, and goes
   * on. Not at once, because a second one ends it while it prints its maps.
   */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    this.process.kill(signal);
    const again = setInterval(() => this.process.kill(signal), 1000);
    await this.ended;
    clearInterval(again);
  }
}

/** The program on strings. */
export class Puppet extends Lines {
  pid = 0;
  static async start(test: Test, path: string): Promise<Puppet> {
    const puppet = new Puppet(test, spawn(path, [], { stdio: ['pipe', 'pipe', 'pipe'] }));
    puppet.pid = Number((await puppet.line(/^ready/)).split(' ')[1]);
    return puppet;
  }
  say(command: string): void {
    this.process.stdin!.write(`${command}\n`);
  }
  /** Sends a command and waits for its answer. */
  async ask(command: string): Promise<string> {
    this.say(command);
    return this.line(/./);
  }
}

/** bpftrace with a script. When the script prints, it must print `WARM` for the all-zero events of `warmUp`. */
export function bpftrace(test: Test, script: string, ...args: string[]): Lines {
  return new Lines(
    test,
    spawn('bpftrace', [...args, '-e', script], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BPFTRACE_STRLEN: '199' },
    }),
  );
}

/** Fires till the tracer has seen it: from then on every event counts. */
export async function warmUp(puppet: Puppet, tracer: Lines, ...probes: number[]): Promise<void> {
  for (const probe of probes) {
    puppet.say(`warm ${probe}`);
    await tracer.line(new RegExp(`^WARM ${probe}$`));
  }
  await puppet.ask(`armed ${probes[0]}`);
}

const GROUP = /^polyprobe_test_(\d+)_(\w+)$/;

function removeEvent(group: string, name: string): void {
  const instance = `${TRACEFS}/instances/${group}`;
  if (existsSync(instance)) {
    writeFileSync(`${instance}/events/${group}/${name}/enable`, '0');
    execFileSync('rmdir', [instance]);
  }
  writeFileSync(`${TRACEFS}/uprobe_events`, `-:${group}/${name}\n`, { flag: 'a' });
}

/** A uprobe event of tracefs, in an instance of its own: definitions as text, events as text. */
export class TraceEvent {
  private readonly instance: string;
  constructor(
    test: Test,
    readonly name: string,
    readonly spec: string,
    pid?: number,
  ) {
    for (const left of readdirSync(`${TRACEFS}/instances`)) {
      const [, owner, event] = GROUP.exec(left) ?? [];
      if (owner && !existsSync(`/proc/${owner}`)) removeEvent(left, event!); // of a test that was killed
    }
    const group = `polyprobe_test_${process.pid}_${name}`;
    this.instance = `${TRACEFS}/instances/${group}`;
    writeFileSync(`${TRACEFS}/uprobe_events`, `p:${group}/${name} ${spec}\n`, { flag: 'a' });
    test.teardown(() => removeEvent(group, name));
    execFileSync('mkdir', [this.instance]);
    const event = `${this.instance}/events/${group}/${name}`;
    if (pid !== undefined) writeFileSync(`${event}/filter`, `common_pid == ${pid}`);
    writeFileSync(`${event}/enable`, '1');
  }
  /** How often the site was hit, whatever the buffers could keep. */
  hits(): number {
    const file = this.spec.slice(0, this.spec.indexOf(':'));
    for (const line of readFileSync(`${TRACEFS}/uprobe_profile`, 'utf8').split('\n')) {
      const [path, name, hits] = line.trim().split(/\s+/);
      if (path === file && name === this.name) return Number(hits);
    }
    throw new Error(`${this.name} isn't in uprobe_profile`);
  }
  /** The events so far, without their headers. */
  events(): string[] {
    return readFileSync(`${this.instance}/trace`, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  }
}
