/** `npm run bench [-- WORDS]`: the benchmarks whose names contain all the words. Ratios here, everything in a JSON file. */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { table } from '../../core/cli/output.js';
import { benchmarks as native } from './native/return_stack.js';
import { benchmarks as node } from './node.js';
import { compare, type Result } from './harness.js';

/** The library, then one entry for each language. */
const LANGUAGES = [native, node];

const words = process.argv.slice(2);
const results: Result[] = [];
for (const language of LANGUAGES)
  for (const benchmark of await language()) {
    if (!words.every((word) => benchmark.name.includes(word))) continue;
    const progress = process.stderr.isTTY;
    const result = await compare(benchmark, (round) => {
      if (progress) process.stderr.write(`\r${benchmark.name}: round ${round + 1} of ${benchmark.rounds} `);
    });
    if (progress) process.stderr.write('\r\u001b[K');
    results.push(result);
    const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(value >= 1 ? 2 : 4));
    console.log(`${result.benchmark} (${result.unit}, ${result.rounds} rounds in turn)`);
    console.log(
      table(
        ['VARIANT', 'MIN', 'MEDIAN', 'MAX', 'RATIO'],
        result.figures.map((figure) => [
          figure.variant,
          ...[figure.min, figure.median, figure.max].map(number),
          result.figures.length > 1 ? figure.ratio.toFixed(3) : '',
        ]),
      ),
    );
  }
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version };
writeFileSync('bench-results.json', `${JSON.stringify({ machine, results }, null, 2)}\n`);
console.log('all figures: bench-results.json');
