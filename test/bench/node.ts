/** Node's benchmarks. Another language's file looks the same: its programs, its environment. */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { plainEnv, providerEnv } from '../harness/node.js';
import { Tracer, armedProbes, program, until } from '../harness/trace.js';
import { compiled, measured, PROGRAMS, type Benchmark, type Variant } from './harness.js';
import { afterBenchmarks } from './node-after.js';
import { startBenchmarks } from './node-start.js';
import { webBenchmarks } from './node-web.js';

const NODE = process.execPath;

/** A tracer on entry and return for as long as the body runs, counting. */
async function traced(body: () => Promise<void>): Promise<void> {
  const tracer = new Tracer(program({ function__entry: '@e = count();', function__return: '@r = count();' }));
  await until('bpftrace to attach', () => armedProbes().size >= 2);
  try {
    await body();
  } finally {
    await tracer.stop();
  }
}

const script = (name: string, args: readonly string[], env: NodeJS.ProcessEnv, figure: string) => async () =>
  (await measured(NODE, [join(PROGRAMS, name), ...args], env))[figure]!;

const disabled = (name: string, args: readonly string[], figure: string): Variant[] => [
  { name: 'without us', measure: script(name, args, plainEnv(), figure) },
  { name: 'loaded, nobody tracing', measure: script(name, args, providerEnv(), figure) },
  {
    name: 'loaded, functions not instrumented',
    measure: script(name, args, providerEnv({ functions: false }), figure),
  },
];

/** Programs that call a lot: name, rounds to warm up, rounds that count, runs in a round. */
const SUITE: readonly [name: string, warm: number, rounds: number, inner: number][] = [
  ['richards', 2, 6, 1500],
  ['deltablue', 2, 6, 1200],
  ['raytrace', 2, 6, 150],
  ['acorn', 3, 6, 10],
  ['marked', 3, 6, 20],
  ['lodash', 3, 6, 50],
  ['tsc', 3, 5, 1],
];

/** V8's own benchmarks come as scripts: written to a file as modules, so that they can be instrumented. */
async function moduleOf(name: string): Promise<string> {
  const own = join(PROGRAMS, `suite/${name}.js`);
  if (existsSync(own)) return own;
  const file = join(mkdtempSync(join(tmpdir(), 'polyprobe-bench-')), `${name}.cjs`);
  await promisify(execFile)(NODE, [join(PROGRAMS, 'suite/octane.js'), name, file]);
  return file;
}

/** Everything is instrumented, node_modules included. */
async function suite(): Promise<Benchmark[]> {
  const whole = providerEnv({ include: ['**'], root: '/' });
  return Promise.all(
    SUITE.map(async ([name, ...counts]) => {
      const args = ['suite/run.js', await moduleOf(name), ...counts.map(String)] as const;
      const variant = (label: string, env: NodeJS.ProcessEnv): Variant => ({
        name: label,
        measure: script(args[0], args.slice(1), env, 'min'),
      });
      return {
        name: `node: disabled, ${name}, instrumented whole`,
        unit: 'ms CPU',
        rounds: 5,
        variants: [
          variant('without us', plainEnv()),
          variant('loaded, nobody tracing', whole),
          variant("loaded, V8's limits as they are", { ...whole, POLYPROBE_INLINING: '0' }),
        ],
      };
    }),
  );
}

/** Voluntary context switches and CPU seconds of an idle process's watcher, a second. */
async function idle(seconds: number): Promise<{ wakeUps: number; cpuPercent: number }> {
  const child = spawn(NODE, ['-e', 'setInterval(() => {}, 1e6); console.log("ready")'], { env: providerEnv() });
  await once(child.stdout, 'data');
  const tasks = `/proc/${child.pid}/task`;
  const watcher = readdirSync(tasks).find((tid) => readFileSync(`${tasks}/${tid}/comm`, 'utf8') === 'polyprobe\n');
  if (watcher === undefined) throw new Error('no watcher thread');
  const read = (): { switches: number; cpuNs: number } => ({
    switches: Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(readFileSync(`${tasks}/${watcher}/status`, 'utf8'))![1]),
    cpuNs: Number(readFileSync(`${tasks}/${watcher}/schedstat`, 'utf8').split(' ')[0]),
  });
  const before = read();
  const start = process.hrtime.bigint();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = read();
  const elapsed = Number(process.hrtime.bigint() - start);
  child.kill('SIGKILL');
  return {
    wakeUps: ((after.switches - before.switches) * 1e9) / elapsed,
    cpuPercent: ((after.cpuNs - before.cpuNs) * 100) / elapsed,
  };
}

/** Milliseconds from "the site is armed" to the hook in a program that never yields. */
async function firstEvent(): Promise<number> {
  // The first hooked call writes the time; the site is armed by a tracer that is started meanwhile.
  const code = `const f = () => 0, now = () => performance.timeOrigin + performance.now();
    require('fs').writeSync(1, 'ready\\n');
    while (typeof globalThis.__pp_r !== 'function') f();
    require('fs').writeSync(1, String(now()) + '\\n');`;
  const child = spawn(NODE, ['-e', code], { env: providerEnv() });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await until('the loop', () => text.includes('ready'));
  const tracer = new Tracer(program({ function__entry: '@e = count();' }));
  let armedAt = 0;
  while (armedAt === 0) {
    if (armedProbes().has('function__entry')) armedAt = performance.timeOrigin + performance.now();
    else await new Promise((resolve) => setImmediate(resolve));
  }
  await once(child, 'close');
  await tracer.stop();
  return Number(text.split('\n')[1]) - armedAt;
}

/** Everything about Node. */
export async function benchmarks(): Promise<Benchmark[]> {
  const c = await compiled('calls');
  const sleep = await compiled('sleep');
  const loop: Variant = {
    name: 'C loop on the same stubs',
    measure: async () => (await measured(c, ['100000', '3'], process.env))['nsPerCall']! / 2,
  };
  return [
    {
      name: 'node: disabled, one small function',
      unit: 'ns per call',
      rounds: 7,
      variants: disabled('calls.js', ['20000000', '3'], 'nsPerCall'),
    },
    {
      name: 'node: disabled, objects and closures',
      unit: 'ms',
      rounds: 7,
      variants: disabled('objects.js', ['8'], 'ms'),
    },
    ...webBenchmarks,
    ...(await suite()),
    {
      name: 'node: enabled, per event under count()',
      unit: 'ns per event',
      rounds: 5,
      around: traced,
      variants: [
        loop,
        {
          name: 'Node function',
          measure: async () =>
            (await measured(NODE, [join(PROGRAMS, 'calls.js'), '100000', '3'], providerEnv()))['nsPerCall']! / 2,
        },
      ],
    },
    ...afterBenchmarks('deltablue', [await moduleOf('deltablue'), '1200']),
    ...afterBenchmarks('tsc', [await moduleOf('tsc'), '1']),
    ...startBenchmarks(),
    {
      name: 'node: watcher of an idle process, wake-ups',
      unit: 'a second',
      rounds: 3,
      variants: [{ name: 'loaded', measure: async () => (await idle(3)).wakeUps }],
    },
    {
      name: 'node: watcher of an idle process, CPU',
      unit: '% of a core',
      rounds: 3,
      variants: [
        {
          name: 'a thread that sleeps as long and does nothing',
          measure: async () => (await measured(sleep, ['65', '45'], process.env))['percent']!,
        },
        { name: 'our watcher', measure: async () => (await idle(3)).cpuPercent },
      ],
    },
    {
      name: 'node: from armed to hooked, busy loop',
      unit: 'ms',
      rounds: 7,
      variants: [{ name: 'loaded', measure: firstEvent }],
    },
  ];
}
