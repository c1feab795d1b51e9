/**
 * Web applications under load: the server's CPU time for each request. All servers live throughout, and are asked in turn.
 *
 * Called by: `node.ts`.
 */
import autocannon from 'autocannon';
import { join } from 'node:path';
import { plainEnv, providerEnv, start, type Running } from '../harness/node.js';
import { Tracer, armedProbes, program, until } from '../harness/trace.js';
import { PROGRAMS, type Benchmark, type Variant } from './harness.js';

const REQUESTS = 3000;
const WARM_REQUESTS = 20_000;
const ALL = ['function__entry', 'function__return', 'exception__thrown', 'request__start', 'context__switch'] as const;

/** A server, started by the first question. */
class Server {
  #running: Running | undefined;
  #url = '';
  #asked = 0;

  constructor(
    readonly app: string,
    readonly env: NodeJS.ProcessEnv,
    /** Done once, when it is warm. */
    readonly before?: (load: () => Promise<void>) => Promise<void>,
  ) {}

  async #begin(): Promise<Running> {
    const running = start(process.execPath, [join(PROGRAMS, 'web', `${this.app}.cjs`)], { env: this.env });
    const { port } = JSON.parse(await running.line('port')) as { port: number };
    this.#url = `http://127.0.0.1:${port}`;
    await this.#load(WARM_REQUESTS);
    if (this.before) {
      await this.before(() => this.#load(REQUESTS));
      await this.#load(WARM_REQUESTS);
    }
    return running;
  }

  async #load(amount: number): Promise<void> {
    const { errors } = await autocannon({ url: this.#url, connections: 8, amount, requests: [{ path: '/items/7' }] });
    if (errors > 0) throw new Error(`${errors} requests got no answer`);
  }

  async #cpuUs(running: Running): Promise<number> {
    running.say('cpu');
    const lines = (): string[] => running.lines().filter((line) => line.includes('us'));
    this.#asked++;
    await until('an answer', () => lines().length >= this.#asked);
    return (JSON.parse(lines()[this.#asked - 1]!) as { us: number }).us;
  }

  /** Microseconds of CPU a request. */
  async measure(): Promise<number> {
    const running = (this.#running ??= await this.#begin());
    const before = await this.#cpuUs(running);
    await this.#load(REQUESTS);
    return ((await this.#cpuUs(running)) - before) / REQUESTS;
  }

  async stop(): Promise<void> {
    this.#running?.child.stdin?.end();
    await this.#running?.done;
  }
}

/** Everything is traced for a while. */
async function traced(load: () => Promise<void>): Promise<void> {
  const tracer = new Tracer(program(Object.fromEntries(ALL.map((name) => [name, '@[probe] = count();']))));
  await until('bpftrace to attach', () => ALL.every((name) => armedProbes().has(name)));
  await load();
  await tracer.stop();
  await until('bpftrace to be gone', () => armedProbes().size === 0);
}

function web(app: string): Benchmark {
  const servers: Server[] = [];
  const variant = (name: string, ...server: [env: NodeJS.ProcessEnv, before?: Server['before']]): Variant => {
    const made = new Server(app, ...server);
    servers.push(made);
    return { name, measure: () => made.measure() };
  };
  const whole = providerEnv({ include: ['**'], root: '/' });
  return {
    name: `node: disabled, ${app} under load`,
    unit: 'µs CPU a request',
    rounds: 25,
    variants: [
      variant('without us', plainEnv()),
      variant('without us, once more', plainEnv()),
      variant('loaded, nobody tracing', providerEnv()),
      variant('loaded, functions not instrumented', providerEnv({ functions: false })),
      variant('loaded, node_modules instrumented as well', whole),
      variant('loaded, after a tracer of everything has gone', providerEnv(), traced),
    ],
    async around(body) {
      try {
        await body();
      } finally {
        for (const server of servers) await server.stop();
      }
    },
  };
}

/** Requests of the shorter and the longer run, whose difference counts: what happens once is in both. */
const COUNTED = [3000, 9000] as const;

/**
 * Instructions of the server's for each request, by valgrind's callgrind, whose count other programs on the machine don't change. V8's
 * threads do, by when they are done, so all is on one.
 */
async function instructions(app: string, env: NodeJS.ProcessEnv): Promise<number> {
  const count = async (amount: number): Promise<number> => {
    const args = ['--tool=callgrind', '--smc-check=all-non-file', '--callgrind-out-file=/dev/null'];
    const file = join(PROGRAMS, 'web', `${app}.cjs`);
    const running = start('valgrind', [...args, process.execPath, '--single-threaded', file], { env });
    const { port } = JSON.parse(await running.line('port')) as { port: number };
    const url = `http://127.0.0.1:${port}`;
    await autocannon({ url, connections: 4, amount, timeout: 100, requests: [{ path: '/items/7' }] });
    running.child.stdin!.end();
    const { stderr } = await running.done;
    return Number(/Collected : (\d+)/.exec(stderr)![1]);
  };
  const [less, more] = await Promise.all(COUNTED.map(count));
  return (more! - less!) / (COUNTED[1] - COUNTED[0]);
}

const counted = (app: string): Benchmark => ({
  name: `node: disabled, ${app} counted`,
  unit: 'instructions a request',
  rounds: 2,
  variants: [
    { name: 'without us', measure: () => instructions(app, plainEnv()) },
    { name: 'loaded, nobody tracing', measure: () => instructions(app, providerEnv()) },
    {
      name: 'loaded, functions not instrumented',
      measure: () => instructions(app, providerEnv({ functions: false })),
    },
  ],
});

/** Express and Fastify. */
export const webBenchmarks: readonly Benchmark[] = ['express', 'fastify'].flatMap((app) => [web(app), counted(app)]);
