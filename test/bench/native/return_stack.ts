/**
 * What a hit costs under a tracer that counts, by POLYPROBE_RETURN_STACK and by the depth of the call, and what a look at a
 * site costs when nobody traces. It justifies the default in native/CMakeLists.txt. `node dist/test/bench/native/return_stack.js`
 */
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { table } from '../../../core/cli/output.js';
import { Programs } from '../../native/toolchain.js';
import { compare, type Benchmark, type Variant } from '../harness.js';

const run = promisify(execFile);
const RETURNS = [0, 8, 16, 32];
const DEPTHS = [1, 2, 4, 8, 16, 24];

/** One tracer for every library, so that all variants run under the same. */
async function traced(libraries: readonly string[], body: () => Promise<void>): Promise<void> {
  const sites = libraries.map((library) => `usdt:${library}:polyprobe_node:gc__start`).join(', ');
  const tracer = spawn('bpftrace', ['-e', `${sites} { @ = count(); } interval:ms:100 { printf("ready\\n"); }`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((settle) => tracer.on('close', settle));
  try {
    const lines = createInterface({ input: tracer.stdout });
    await new Promise<void>((ready, fail) => {
      lines.on('line', (line) => {
        if (line === 'ready') ready();
      });
      tracer.on('close', () => {
        fail(new Error('bpftrace ended before it was ready'));
      });
    });
    await body();
  } finally {
    tracer.kill('SIGKILL');
    await ended;
  }
}

const variant = (name: string, path: string, ...args: string[]): Variant => ({
  name,
  measure: async () => Number((await run(path, args)).stdout),
});

/** One comparison for each depth, and one for the disabled check. */
export function benchmarks(): Benchmark[] {
  const built = RETURNS.map((returns) => {
    const programs = new Programs(`bench-${returns}`, { cmake: [`-DPOLYPROBE_RETURN_STACK=${returns}`] });
    return { returns, library: programs.library, path: programs.program('../bench/native/return_stack.c') };
  });
  const quiet = new Programs('bench-quiet');
  const disabled = quiet.program('../bench/native/return_stack.c');
  return [
    ...DEPTHS.map((depth): Benchmark => ({
      name: `native: an armed probe, ${depth} deep, by POLYPROBE_RETURN_STACK`,
      unit: 'ns per hit',
      rounds: 9,
      variants: built.map(({ returns, path }) => variant(String(returns), path, 'armed', String(depth))),
      around: (body) =>
        traced(
          built.map(({ library }) => library),
          body,
        ),
    })),
    {
      name: 'native: a probe that nobody traces',
      unit: 'ns per turn of a loop',
      rounds: 9,
      variants: [
        variant('no probe', disabled, 'disabled', 'nothing'),
        variant('the check', disabled, 'disabled', 'check'),
      ],
    },
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const benchmark of benchmarks()) {
    const { figures, unit, rounds } = await compare(benchmark, () => undefined);
    console.log(`${benchmark.name} (${unit}, ${rounds} rounds in turn)`);
    const rows = figures.map(({ variant, min, median, max, ratio }) => [
      variant,
      ...[min, median, max].map((ns) => ns.toFixed(min < 100 ? 2 : 0)),
      ratio.toFixed(3),
    ]);
    console.log(table(['VARIANT', 'MIN', 'MEDIAN', 'MAX', 'RATIO'], rows));
  }
