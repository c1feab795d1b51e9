/**
 * Programs of `programs/traffic` and what a tracer is told of them: each scene's requests and calls, paired by id.
 *
 * A scene is between two lines of the program's; a start without an end, an end without a start, or two of either, is an error.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'tap';
import { PROGRAMS, type Outcome, type Running } from '../harness/node.js';
import { drained, until, type Tracer } from '../harness/trace.js';
import { setOf, type Isolated } from './isolated.js';

/** A request that was served, or a call that was made. */
export interface Told {
  readonly kind: string;
  readonly id: string;
  /** The request that a call was made for. */
  readonly request: string;
  readonly protocol: string;
  readonly method: string;
  readonly target: string;
  /** The client's address, of requests. */
  readonly peer: string;
  readonly traceparent: string;
  readonly status: number;
  readonly bytes: number;
  readonly error: string;
}

export interface Scene<Known> {
  readonly requests: readonly Told[];
  readonly calls: readonly Told[];
  /** What the program knows of it. */
  readonly known: Known;
  /** Everything that was told, to look for what mustn't be. */
  readonly text: string;
}

const ACTIONS = {
  request__start: `printf("> request|%lx|0|%s|%s|%s|%s|%s\\n", arg0, str(arg1), str(arg2), str(arg3), str(arg4), str(arg5));`,
  request__done: `printf("< request|%lx|%d|%d|%s|%d\\n", arg0, arg1, arg2, str(arg4), arg3 > 0);`,
  call__start: `printf("> call|%lx|%lx|%s|%s|%s||%s\\n", arg0, arg1, str(arg2), str(arg3), str(arg4), str(arg5));`,
  call__done: `printf("< call|%lx|%d|%d|%s|%d\\n", arg0, arg2, arg3, str(arg5), arg4 > 0);`,
  runtime__hooks: 'printf("hooks %d %lu\\n", pid, arg2);',
} as const;

/** A key and a certificate for localhost, in a folder of the test's. */
export function certificate(folder: string): { KEY: string; CERTIFICATE: string } {
  const [KEY, CERTIFICATE] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', '/CN=localhost', '-keyout', KEY, '-out', CERTIFICATE];
  execFileSync('openssl', ['req', ...kind, ...names], { stdio: 'ignore' });
  return { KEY, CERTIFICATE };
}

function paired(lines: readonly string[]): Told[] {
  const told: Told[] = [];
  const open = new Map<string, string[]>();
  const ended = new Set<string>();
  for (const line of lines) {
    const [kind, id, ...rest] = line.slice(2).trimEnd().split('|') as [string, string, ...string[]];
    const key = `${kind} ${id}`;
    if (line.startsWith('>')) {
      if (open.has(key) || ended.has(key)) throw new Error(`started twice: ${line}`);
      open.set(key, rest);
      continue;
    }
    const [request, protocol, method, target, peer, traceparent] = open.get(key) ?? [];
    if (request === undefined) throw new Error(`ended without a start, or twice: ${line}`);
    const [status, bytes, error, hasDuration] = rest as [string, string, string, string];
    if (hasDuration !== '1') throw new Error(`no duration: ${line}`);
    open.delete(key);
    ended.add(key);
    const start = {
      request,
      protocol: protocol!,
      method: method!,
      target: target!,
      peer: peer!,
      traceparent: traceparent!,
    };
    told.push({ kind, id, ...start, status: Number(status), bytes: Number(bytes), error });
  }
  if (open.size > 0) throw new Error(`started and not ended: ${[...open].map(String).join('; ')}`);
  return told;
}

/** Each in a line, in the order of their ends; ports are left out, but 1, where nobody listens. */
export function inLines(told: readonly Told[]): string[] {
  return told.map(({ protocol, method, target, status, error }) =>
    `${protocol} ${method} ${target} ${status} ${error}`.replace(/:\d{2,}/g, '').trimEnd(),
  );
}

/** A program of scenes; what a scene gives is what the program knows. */
export class Scenes {
  readonly running: Running;
  #count = 0;

  constructor(running: Running) {
    this.running = running;
  }

  /** Starts one and waits until it's ready. */
  static async start(t: Test, isolated: Isolated, file: string, env = isolated.env()): Promise<Scenes> {
    const folder = t.testdir({});
    const all = { ...env, ...certificate(folder), SOCKETS: folder };
    const running = isolated.start([join(PROGRAMS, 'traffic/main.js'), file], all);
    t.teardown(() => running.child.kill('SIGKILL'));
    await running.line('ready');
    return new Scenes(running);
  }

  async run<Known = null>(name: string): Promise<Known> {
    const head = `done ${++this.#count} ${name} `;
    this.running.say(name);
    return JSON.parse((await this.running.line(head)).slice(head.length)) as Known;
  }

  /** @returns what it said on stderr */
  async end(): Promise<string> {
    this.running.say('end');
    return (await this.running.done).stderr;
  }
}

/** A program of scenes with a tracer attached. */
export class Traffic {
  readonly scenes: Scenes;
  readonly #tracer: Tracer;
  #seen = 0;

  private constructor(scenes: Scenes, tracer: Tracer) {
    this.scenes = scenes;
    this.#tracer = tracer;
  }

  /** Starts a program, attaches, and waits until all is hooked. */
  static async start(t: Test, isolated: Isolated, file: string): Promise<Traffic> {
    return Traffic.attach(t, isolated, await Scenes.start(t, isolated, file));
  }

  static async attach(t: Test, isolated: Isolated, scenes: Scenes): Promise<Traffic> {
    const { pid } = scenes.running;
    const tracer = await isolated.attach(t, ACTIONS);
    const hooked = setOf(Object.keys(ACTIONS));
    await until('the hooks', () => tracer.printed().some((line) => line === `hooks ${pid} ${hooked}\n`));
    return new Traffic(scenes, tracer);
  }

  /** Detaches, and waits until nothing is armed. */
  async detach(isolated: Isolated): Promise<void> {
    await this.#tracer.stop();
    await until('the sites to be as they were', () => isolated.armed(this.scenes.running.pid).size === 0);
  }

  /** Runs a scene to its end. */
  async scene<Known = null>(name: string): Promise<Scene<Known>> {
    const known = await this.scenes.run<Known>(name);
    return { ...(await this.#told()), known };
  }

  /** Runs a scene in which the program ends. */
  async last(name: string): Promise<Omit<Scene<never>, 'known'> & { outcome: Outcome }> {
    this.scenes.running.say(name);
    const outcome = await this.scenes.running.done;
    return { ...(await this.#told()), outcome };
  }

  /** @returns what the program said on stderr */
  async end(): Promise<string> {
    const stderr = await this.scenes.end();
    await this.#tracer.stop();
    return stderr;
  }

  /** What was told since the last time. */
  async #told(): Promise<Omit<Scene<never>, 'known'>> {
    await drained(this.#tracer);
    const printed = this.#tracer.printed().filter((line) => /^[<>] /.test(line));
    const lines = printed.slice(this.#seen);
    this.#seen = printed.length;
    const told = paired(lines);
    const of = (kind: string): Told[] => told.filter((each) => each.kind === kind);
    return { requests: of('request'), calls: of('call'), text: lines.join('') };
  }
}
