/**
 * Tracers that come and go all the time, while something else runs: bpftrace, which ends or is killed, and the kernel's own
 * uprobe events, which are on and off ten times a second.
 *
 * Owns: what it starts. Called by: `compare.ts`.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { readProbes } from '../../core/elf/notes.js';
import { Tracer } from '../harness/trace.js';
import type { Isolated } from '../node/isolated.js';

const TRACING = '/sys/kernel/tracing';
/** What one bpftrace after the other asks for. */
const SETS = [
  ['function__entry', 'function__return'],
  ['exception__thrown', 'gc__start', 'gc__done'],
  ['load__start', 'load__done', 'request__start', 'request__done', 'call__start', 'call__done'],
  ['context__switch', 'function__return'],
  ['function__entry', 'exception__thrown', 'context__switch', 'gc__done', 'load__done', 'runtime__hooks'],
];
const ON_MS = 150;
const OFF_MS = 100;

export class Churn {
  /** How often a tracer has come and gone. */
  cycles = 0;
  readonly #isolated: Isolated;
  #stopped = false;
  readonly #loops: Promise<void>[];
  readonly #group = `polyprobe_churn_${process.pid}`;

  constructor(t: Test, isolated: Isolated) {
    this.#isolated = isolated;
    this.#loops = [this.#bpftrace()];
    if (existsSync(join(TRACING, 'uprobe_events'))) this.#loops.push(this.#uprobes());
    t.teardown(() => this.stop());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async #bpftrace(): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const set = SETS[round % SETS.length]!;
      const probes = set.map((name) => `usdt:${this.#isolated.library}:polyprobe_node:${name} { @[probe] = count(); }`);
      const tracer = new Tracer(`${probes.join('\n')}\ninterval:ms:10 { printf("ready\\n"); }`);
      while (tracer.output.length < 2 && tracer.process.exitCode === null) await wait(5);
      await wait(ON_MS);
      if (round % 2 === 0) await tracer.kill();
      else await tracer.stop();
      this.cycles++;
    }
  }

  async #uprobes(): Promise<void> {
    const write = (file: string, text: string): void => appendFileSync(join(TRACING, file), `${text}\n`);
    const { probes } = readProbes(this.#isolated.library);
    const names: string[] = [];
    for (const { provider, name, offset } of probes) {
      if (provider !== 'polyprobe_node' || names.includes(name) || offset === undefined) continue;
      write('uprobe_events', `p:${this.#group}/${name} ${this.#isolated.library}:0x${offset.toString(16)}`);
      names.push(name);
    }
    try {
      while (!this.#stopped) {
        for (const state of ['1', '0']) {
          write(`events/${this.#group}/enable`, state);
          await wait(state === '1' ? ON_MS : OFF_MS);
        }
        this.cycles++;
      }
    } finally {
      write(`events/${this.#group}/enable`, '0');
      for (const name of names) write('uprobe_events', `-:${this.#group}/${name}`);
    }
  }
}
