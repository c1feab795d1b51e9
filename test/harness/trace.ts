/**
 * A real tracer on the real library, for tests: attach, wait until it is there, run something, count.
 *
 * An attach by path sees every process on the machine, so every count is kept by pid and asked for by pid.
 * Owns: the tracers it starts; each is stopped by the test that started it (`t.teardown`).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Test } from 'tap';
import { probesOfProcess } from '../../core/elf/process.js';
import { LIBRARY } from '../../core/paths.js';
import { isStatus, loadAddon } from '../../providers/node/addon.cjs';
import type { ProbeName } from '../../core/abi/abi.gen.cjs';

/** Longest wait for anything that has a ready event, in milliseconds: a test that waits so long has failed. */
export const PATIENCE_MS = 60_000;

/** This process maps the library, so that it can see whether a site is armed for everybody. */
const addon = loadAddon();
if (isStatus(addon)) throw new Error(`the native part is needed: ${addon.message}; ${addon.todo}`);

/** Waits for a condition by asking again and again: for states that nobody announces. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${PATIENCE_MS} ms for: ${what}`);
    await wait(5);
  }
}

/** Names of Node's probes that some tracer has armed now. */
export function armedProbes(): Set<string> {
  const armed = new Set<string>();
  for (const file of probesOfProcess(process.pid).files)
    for (const probe of file.probes)
      if (probe.provider === 'polyprobe_node' && probe.armed === true) armed.add(probe.name);
  return armed;
}

/** What a map of bpftrace's holds: numbers by key; keys of several parts are joined by commas. */
export type Counts = Map<string, number>;

/** A running bpftrace. */
export class Tracer {
  readonly process: ChildProcess;
  readonly output: string[] = [];
  #rest = '';
  #errors = '';

  constructor(program: string, args: readonly string[] = []) {
    this.process = spawn('bpftrace', [...args, '-f', 'json', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BPFTRACE_STRLEN: '64', BPFTRACE_MAP_KEYS_MAX: '100000' },
    });
    this.process.stdout!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!;
      this.output.push(...lines.filter((line) => line !== ''));
    });
    this.process.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  /** What it printed, parsed: printf as strings. */
  printed(): string[] {
    return this.output
      .map((line) => JSON.parse(line) as { type: string; data: unknown })
      .filter((entry) => entry.type === 'printf')
      .map((entry) => entry.data as string);
  }

  /** Ends it and gives its maps. Keys begin with the pid that `count` puts there. */
  async stop(): Promise<Map<string, Counts>> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const closed = once(this.process, 'close');
      this.process.kill('SIGINT');
      // bpftrace 0.17 loses a signal now and then; a second one at once would cut its maps off.
      const again = setInterval(() => this.process.kill('SIGINT'), 5000);
      await closed;
      clearInterval(again);
    }
    const maps = new Map<string, Counts>();
    for (const line of this.output) {
      const entry = JSON.parse(line) as { type: string; data: Record<string, unknown> };
      if (entry.type === 'lost_events') throw new Error(`lost events: ${line}`);
      if (entry.type !== 'map') continue;
      for (const [name, value] of Object.entries(entry.data)) {
        const counts: Counts = new Map();
        if (typeof value === 'number') counts.set('', value);
        else for (const [key, count] of Object.entries(value as Record<string, number>)) counts.set(key, count);
        maps.set(name, counts);
      }
    }
    if (this.process.exitCode !== 0 && this.process.signalCode === null)
      throw new Error(`bpftrace failed: ${this.#errors}`);
    return maps;
  }

  /** Ends it the hard way. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await once(this.process, 'close');
  }
}

/**
 * Says on each CPU, again and again, how far the tracer is. As the last probe in a tracer's program it is the last to be
 * attached: when it fires, all others are there.
 */
export const READY = 'profile:hz:50 { printf("ready %d %llu\\n", cpu, nsecs); }';

/** What it has said last, in nanoseconds of the monotonic clock, by CPU. */
function saidReady(tracer: Tracer): Map<string, bigint> {
  const last = new Map<string, bigint>();
  for (const line of tracer.output) {
    const [, cpu, ns] = /"ready (\d+) (\d+)\\n"/.exec(line) ?? [];
    if (cpu !== undefined) last.set(cpu, BigInt(ns!));
  }
  return last;
}

/** Whether a tracer whose program ends with READY is attached. */
export const isAttached = (tracer: Tracer): boolean => saidReady(tracer).size > 0;

/**
 * Waits for what is on its way from the kernel: bpftrace 0.17 drops it when it is told to end (its maps are exact). Each CPU
 * has a buffer of its own, which is read in order: once something later has come from each, all is here.
 */
export async function drained(tracer: Tracer): Promise<void> {
  const now = process.hrtime.bigint();
  await until('bpftrace to print what it has', () => {
    const last = [...saidReady(tracer).values()];
    return last.length >= cpus().length && last.every((ns) => ns > now);
  });
}

/** What to do at each probe: bpftrace's statements. */
export type Actions = Partial<Record<ProbeName, string>>;

/** bpftrace's program for a set of actions. */
export function program(actions: Actions, library = LIBRARY): string {
  return Object.entries(actions)
    .map(([name, action]) => `usdt:${library}:polyprobe_node:${name} { ${action} }`)
    .join('\n');
}

/** Attaches by path and waits until every probe is attached. */
export async function attach(t: Test, actions: Actions, args: readonly string[] = []): Promise<Tracer> {
  // What BEGIN prints comes after the last probe has been attached (bpftrace 0.17).
  const tracer = new Tracer(`BEGIN { printf("attached\\n"); }\n${program(actions)}`, args);
  t.teardown(() => tracer.process.kill('SIGKILL'));
  await until(`bpftrace to attach: ${Object.keys(actions).join(', ')}`, () => {
    if (tracer.process.exitCode !== null) throw new Error(`bpftrace ended: ${tracer.output.join('\n')}`);
    if (!tracer.output.some((line) => line.includes('attached\\n'))) return false;
    const armed = armedProbes();
    return Object.keys(actions).every((name) => armed.has(name));
  });
  return tracer;
}

/** The counts of one process in a map whose keys begin with the pid; the rest of the key is kept. */
export function countsOf(maps: Map<string, Counts>, map: string, pid: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [key, count] of maps.get(map) ?? []) {
    const [first, ...rest] = key.split(',');
    if (Number(first) === pid) counts[rest.join(',')] = count;
  }
  return counts;
}

/** All counts of one process in a map, added up. */
export function totalOf(maps: Map<string, Counts>, map: string, pid: number): number {
  return Object.values(countsOf(maps, map, pid)).reduce((sum, count) => sum + count, 0);
}
