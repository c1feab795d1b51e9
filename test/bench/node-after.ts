/**
 * What stays when a tracer has gone: CPU time and memory of programs that call a lot, against the same that were never traced.
 *
 * Called by: `node.ts`.
 */
import { join } from 'node:path';
import { plainEnv, providerEnv, start, type Running } from '../harness/node.js';
import { Tracer, armedProbes, program, until } from '../harness/trace.js';
import { PROGRAMS, type Benchmark, type Variant } from './harness.js';

/** Until V8 has nothing more to do. */
const WARM = 8;

interface Figures {
  readonly ms: number;
  /** Megabytes that are in use after a full collection. */
  readonly heap: number;
}

/** A program that runs its work when it is asked to. */
class Stay {
  #running: Running | undefined;
  #asked = 0;

  constructor(
    readonly args: readonly string[],
    readonly env: NodeJS.ProcessEnv,
    readonly isTraced: boolean,
  ) {}

  async #work(running: Running, figure: keyof Figures = 'ms'): Promise<Figures> {
    const given = (): string[] => running.lines().filter((line) => line.startsWith('{'));
    this.#asked++;
    running.say(figure);
    await until('the work', () => given().length >= this.#asked || running.child.exitCode !== null);
    return JSON.parse(given()[this.#asked - 1]!) as Figures;
  }

  async #begin(): Promise<Running> {
    const running = start(process.execPath, ['--expose-gc', join(PROGRAMS, 'suite/stay.js'), ...this.args], {
      env: this.env,
    });
    await running.line('ready');
    for (let i = 0; i < WARM; i++) await this.#work(running);
    if (!this.isTraced) return running;
    const tracer = new Tracer(program({ function__entry: '@e = count();', function__return: '@r = count();' }));
    await until('bpftrace to attach', () => armedProbes().size >= 2);
    await this.#work(running);
    await tracer.stop();
    await until('bpftrace to be gone', () => armedProbes().size === 0);
    for (let i = 0; i < WARM; i++) await this.#work(running);
    return running;
  }

  async measure(figure: keyof Figures): Promise<number> {
    return (await this.#work((this.#running ??= await this.#begin()), figure))[figure];
  }

  async stop(): Promise<void> {
    this.#running?.child.stdin?.end();
    await this.#running?.done;
  }
}

/** @param args a module, and how often it runs what it exports */
export function afterBenchmarks(name: string, args: readonly string[]): Benchmark[] {
  const whole = providerEnv({ include: ['**'], root: '/' });
  const benchmark = (unit: string, figure: keyof Figures): Benchmark => {
    const made: Stay[] = [];
    const variant = (label: string, env: NodeJS.ProcessEnv, isTraced: boolean): Variant => {
      const stay = new Stay(args, env, isTraced);
      made.push(stay);
      return { name: label, measure: () => stay.measure(figure) };
    };
    return {
      name: `node: after a tracer has gone, ${name}, ${figure}`,
      unit,
      rounds: 7,
      variants: [
        variant('never traced', whole, false),
        variant('traced once, nobody tracing now', whole, true),
        variant('without us', plainEnv(), false),
      ],
      async around(body) {
        try {
          await body();
        } finally {
          for (const stay of made) await stay.stop();
        }
      },
    };
  };
  return [benchmark('ms CPU', 'ms'), benchmark('MB in use', 'heap')];
}
