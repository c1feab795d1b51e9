/**
 * Benchmarks: variants of one thing, run in turn within one run, so that a machine that slows down slows all of them.
 * What counts is the ratio; nothing is asserted.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NATIVE, PACKAGE } from '../../core/paths.js';

const run = promisify(execFile);

/** Folder of the programs that are measured. */
export const PROGRAMS = join(PACKAGE, 'test/bench/programs');

/** One way of doing the thing. */
export interface Variant {
  readonly name: string;
  /** Does it once. @returns the figure, in the benchmark's unit */
  measure(): Promise<number>;
}

/** A comparison; the first variant is what the others are compared with. */
export interface Benchmark {
  readonly name: string;
  readonly unit: string;
  readonly rounds: number;
  readonly variants: readonly Variant[];
  /** Called once around all rounds: a tracer that all variants have in common. */
  around?(body: () => Promise<void>): Promise<void>;
}

/** What came out of one variant. */
export interface Figure {
  readonly variant: string;
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** To the first variant, in the same round: the median of these. */
  readonly ratio: number;
}

/** A benchmark's result, as it stands in the JSON file. */
export interface Result {
  readonly benchmark: string;
  readonly unit: string;
  readonly rounds: number;
  readonly figures: readonly Figure[];
}

const median = (sorted: readonly number[]): number => {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Runs a benchmark's variants in turn. */
export async function compare(benchmark: Benchmark, onRound: (round: number) => void): Promise<Result> {
  const samples = benchmark.variants.map((): number[] => []);
  const body = async (): Promise<void> => {
    for (let round = 0; round < benchmark.rounds; round++) {
      onRound(round);
      for (const [index, variant] of benchmark.variants.entries()) samples[index]!.push(await variant.measure());
    }
  };
  await (benchmark.around ? benchmark.around(body) : body());
  const sorted = samples.map((list) => [...list].sort((a, b) => a - b));
  const figures = sorted.map((list, index) => ({
    variant: benchmark.variants[index]!.name,
    min: list[0]!,
    median: median(list),
    max: list.at(-1)!,
    ratio: median(samples[index]!.map((sample, round) => sample / samples[0]![round]!).sort((a, b) => a - b)),
  }));
  return { benchmark: benchmark.name, unit: benchmark.unit, rounds: benchmark.rounds, figures };
}

/** Runs a program that prints one JSON object. */
export async function measured(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Record<string, number>> {
  const { stdout } = await run(command, args, { env, maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as Record<string, number>;
}

const built = new Map<string, Promise<string>>();

/** Compiles one of the C programs against the library, once. @returns the program's path */
export function compiled(name: string): Promise<string> {
  let path = built.get(name);
  if (!path) {
    path = (async () => {
      const program = join(mkdtempSync(join(tmpdir(), 'polyprobe-bench-')), name);
      const include = join(PACKAGE, 'native/include');
      await run('cc', [
        ...['-O2', '-fPIE', '-Wall', '-Werror', `-I${include}`, join(PROGRAMS, `${name}.c`), '-o', program],
        ...[`-L${NATIVE}`, '-lpolyprobe', `-Wl,-rpath,${NATIVE}`],
      ]);
      return program;
    })();
    built.set(name, path);
  }
  return path;
}
