/**
 * `npm run generate`: writes everything that follows from the definition. `--check` writes nothing and exits 1 when a
 * file isn't what it should be; `--release` freezes the current version into `core/abi/released/`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { abi } from '../abi/probes.js';
import { check, compareWithReleased, freeze } from '../abi/check.js';
import type { ReleasedAbi } from '../abi/types.js';
import { bpftrace } from './bpftrace.js';
import { cHeader } from './c-header.js';
import { docsTable, runtimesTable } from './docs-table.js';
import type { Output } from './output.js';
import { sites, stubs } from './stubs.js';
import { typescript } from './typescript.js';

/** The generators: one function for each file. */
export const generators = [cHeader, stubs, sites, typescript, docsTable, runtimesTable, bpftrace];

/** Puts a marked part into a text. @throws when the markers aren't there exactly once */
export function replaceMarked(text: string, marker: string, part: string, path: string): string {
  const [begin, end] = [`<!-- ${marker}:begin -->`, `<!-- ${marker}:end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from || text.includes(begin, from + 1) || text.includes(end, to + 1))
    throw new Error(`${path}: expected '${begin}' and, after it, '${end}', once each`);
  return `${text.slice(0, from + begin.length)}\n\n${part}\n\n${text.slice(to)}`;
}

/** Every released definition found in a folder. */
export function readReleased(folder: string): ReleasedAbi[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as ReleasedAbi);
}

function main(args: readonly string[]): number {
  const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');
  const released = join(top, 'core/abi/released');
  const problems = [...check(abi), ...readReleased(released).flatMap((old) => compareWithReleased(abi, old))];
  if (problems.length > 0) {
    for (const problem of problems) console.error(`core/abi/probes.ts: ${problem}`);
    return 1;
  }
  if (args.includes('--release')) {
    const frozen = freeze(abi);
    const path = join(released, `${frozen.version}.json`);
    if (existsSync(path)) {
      console.error(`${path} exists: a released version is never written again; raise the minor version`);
      return 1;
    }
    mkdirSync(released, { recursive: true });
    writeFileSync(path, `${JSON.stringify(frozen, null, 2)}\n`);
  }
  let drift = 0;
  const texts = new Map<string, string>();
  const current = (path: string): string =>
    texts.get(path) ?? (existsSync(join(top, path)) ? readFileSync(join(top, path), 'utf8') : '');
  for (const output of generators.map((generate): Output => generate(abi)))
    texts.set(
      output.path,
      output.marker ? replaceMarked(current(output.path), output.marker, output.text, output.path) : output.text,
    );
  for (const [path, text] of texts) {
    if (existsSync(join(top, path)) && readFileSync(join(top, path), 'utf8') === text) continue;
    drift++;
    if (args.includes('--check')) console.error(`${path} differs from the definition: npm run generate`);
    else {
      mkdirSync(dirname(join(top, path)), { recursive: true });
      writeFileSync(join(top, path), text);
      console.log(`wrote ${path}`);
    }
  }
  return args.includes('--check') && drift > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
