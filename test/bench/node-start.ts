/**
 * How long programs take to start: an empty one, and large ones from a cache that is warm.
 *
 * Called by: `node.ts`.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE } from '../../core/paths.js';
import { plainEnv, providerEnv, start } from '../harness/node.js';
import { PROGRAMS, type Benchmark, type Variant } from './harness.js';

/** CPU milliseconds of a whole process, all of its threads, counted by the process in its end. */
async function wholeRun(args: readonly string[], env: NodeJS.ProcessEnv, folder: string): Promise<number> {
  const running = start(process.execPath, ['--require', join(PROGRAMS, 'cpu.cjs'), ...args], { env, cwd: folder });
  running.child.stdin!.end();
  const { code, stdout, stderr } = await running.done;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return Number(/^CPU ([\d.]+)$/m.exec(stderr)![1]);
}

/** A folder with a small project in it, outside of which nothing is looked for. */
function project(): string {
  const folder = mkdtempSync(join(tmpdir(), 'polyprobe-bench-'));
  writeFileSync(join(folder, 'main.ts'), 'export const shown: number[] = [1, 2].map((value) => value * 2);\n');
  writeFileSync(join(folder, 'main.js'), 'export const shown = [1, 2].map((value) => value * 2);\n');
  writeFileSync(join(folder, 'eslint.config.mjs'), 'export default [{ rules: { "no-undef": 2 } }];\n');
  return folder;
}

const bin = (path: string): string => join(PACKAGE, 'node_modules', path);

/** Programs that load much and do little: the first thing that they do is their start. */
const LARGE: Readonly<Record<string, readonly string[]>> = {
  'the TypeScript compiler': [bin('typescript/bin/tsc'), '--version'],
  'the TypeScript compiler, one file': [bin('typescript/bin/tsc'), '--noEmit', 'main.ts'],
  'eslint, one file': [bin('eslint/bin/eslint.js'), 'main.js'],
  'prettier, one file': [bin('prettier/bin/prettier.cjs'), 'main.ts'],
  webpack: ['-e', `require(${JSON.stringify(bin('webpack/lib/webpack.js'))})`],
  rollup: [bin('rollup/dist/bin/rollup'), 'main.js'],
};

function variants(args: readonly string[], whole: boolean): Variant[] {
  const folder = project();
  const cache = { POLYPROBE_CACHE: join(folder, 'cache') };
  const variant = (name: string, env: NodeJS.ProcessEnv): Variant => {
    let isWarm = false;
    return {
      name,
      async measure() {
        if (!isWarm) await wholeRun(args, env, folder);
        isWarm = true;
        return wholeRun(args, env, folder);
      },
    };
  };
  const everything = providerEnv({ include: ['**'], root: '/' });
  return [
    variant('without us', plainEnv()),
    variant('loaded', { ...providerEnv(), ...cache }),
    variant('loaded, functions not instrumented', providerEnv({ functions: false })),
    ...(whole
      ? [
          variant('loaded, instrumented whole, from the cache', { ...everything, ...cache }),
          variant("the same, V8's limits as they are", { ...everything, ...cache, POLYPROBE_INLINING: '0' }),
        ]
      : []),
  ];
}

/** An empty program and large ones. */
export function startBenchmarks(): Benchmark[] {
  const benchmark = (name: string, args: readonly string[], rounds: number, whole: boolean): Benchmark => ({
    name: `node: start-up, ${name}`,
    unit: 'ms CPU',
    rounds,
    variants: variants(args, whole),
  });
  return [
    benchmark('an empty program', ['-e', '0'], 15, false),
    ...Object.entries(LARGE).map(([name, args]) => benchmark(name, args, 9, true)),
  ];
}
