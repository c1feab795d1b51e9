/**
 * `npm test [-- WORDS]`: runs the test files whose paths contain one of the words, all without any, and ends with a line of totals.
 *
 * What depends on the version of Node.js runs on each that is served (`--node 22`: on that one alone): tap and its tests are
 * started by that version, which is also the `node` in their PATH. core/setup/nodes.mjs has installed them.
 *
 * One file after the other: tracers attach to files that all tests map, so that two at once would count each other's events.
 * In CI (CI is set) nothing may be skipped but what this machine's kernel or CPU can't do: a missing tracer is a failure there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { colours } from '../core/cli/output.js';
import { PACKAGE } from '../core/paths.js';
import { tally, type FileResult, type Remark } from './runner/tally.js';

/** A file that takes longer hangs. */
const TIMEOUT_SECONDS = 900;
/** Reasons that no set-up can remove. */
const MACHINE = /^this (kernel|CPU|machine)/;

/** Test files, as compiled, from the sources: dist may hold those of files that are gone. */
function testFiles(words: readonly string[]): string[] {
  return readdirSync(join(PACKAGE, 'test'), { recursive: true })
    .map((path) => join('test', String(path)))
    .filter((path) => /\.test\.c?ts$/.test(path))
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)))
    .map((path) => join('dist', path.replace(/ts$/, 'js')))
    .sort();
}

/** Files whose outcome depends on the version of Node.js; the instrumenter's own tests are about text, hostile programs are for 20. */
const DEPENDENT = /^dist\/test\/(scenarios\.test|check\/fires\.test|node\/(?!instrument-(?!events)|hostile))/;

interface Nodes {
  readonly MAJORS: readonly string[];
  installedNode(top: string, major: string): { readonly path: string } | undefined;
}
const nodes = (await import(pathToFileURL(join(PACKAGE, 'core/setup/nodes.mjs')).href)) as Nodes;
const OWN = process.versions.node.split('.')[0]!;

const source = (file: string): string => file.replace(/^dist\//, '').replace(/js$/, 'ts');
const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ');

const { green, red, yellow, dim } = colours();
const totals = { passed: 0, failed: 0, skipped: 0 };
const forbidden = process.env['CI'] ? (skip: Remark): boolean => !MACHINE.test(skip.why) : (): boolean => false;

function report({ file, passed, failed, skipped, seconds }: FileResult, on: string): void {
  const refused = skipped.filter(forbidden);
  totals.passed += passed;
  totals.failed += failed.length + refused.length;
  totals.skipped += skipped.length - refused.length;
  const counts = [
    `${passed} passed`,
    ...(failed.length ? [`${failed.length} failed`] : []),
    ...(skipped.length ? [`${skipped.length} skipped`] : []),
  ];
  const mark = failed.length + refused.length > 0 ? red('not ok') : green('ok');
  const time = seconds === undefined ? '' : `(${seconds.toFixed(1)} s)`;
  console.log(`${mark} ${source(file)}${on}: ${counts.join(', ')} ${dim(time)}`);
  for (const { name, why } of failed) console.log(`  ${red('failed')} ${name || source(file)}${on}\n${indented(why)}`);
  for (const skip of skipped)
    console.log(
      `  ${refused.includes(skip) ? red('skipped, which CI forbids') : yellow('skipped')} ${skip.name}: ${skip.why || 'no reason given'}`,
    );
}

function reportMissing(what: string): void {
  console.log(`${red('not ok')} ${what}`);
  totals.failed++;
}

/** Runs files on one Node.js, and adds what they gave to the totals. */
async function run(node: string, files: readonly string[], on: string): Promise<void> {
  const tap = join(dirname(createRequire(import.meta.url).resolve('tap/package.json')), 'dist/esm/run.mjs');
  const options = [
    '--reporter=tap',
    '--disable-coverage',
    '--allow-empty-coverage',
    '--jobs=1',
    `--timeout=${TIMEOUT_SECONDS}`,
  ];
  const failedBefore = totals.failed;
  const child = spawn(node, [tap, ...options, ...files], {
    cwd: PACKAGE,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PATH: [dirname(node), process.env['PATH']].join(delimiter) },
  });
  const ended = once(child, 'close');
  let seen = 0;
  const parser = tally((result) => {
    seen++;
    report(result, on);
  });
  child.stdout.on('data', (text: Buffer) => parser.write(text));
  const [code] = (await ended) as [number | null];
  parser.end();
  // tap itself failed, or was killed: say so rather than count less.
  if (seen < files.length || (code !== 0 && totals.failed === failedBefore))
    reportMissing(`tap${on} ended with ${code ?? 'a signal'} after ${seen} of ${files.length} files`);
}

/** The versions asked for, and the words. */
function readArguments(args: readonly string[]): { majors: readonly string[]; words: readonly string[] } {
  const at = args.indexOf('--node');
  if (at < 0) return { majors: [OWN, ...nodes.MAJORS.filter((major) => major !== OWN)], words: args };
  return {
    majors: (args[at + 1] ?? '').split(','),
    words: args.filter((_, index) => index !== at && index !== at + 1),
  };
}

async function main(args: readonly string[]): Promise<number> {
  const { majors, words } = readArguments(args);
  const files = testFiles(words);
  const missing = files.filter((file) => !existsSync(join(PACKAGE, file)));
  if (files.length === 0 || missing.length > 0) {
    console.error(
      files.length === 0
        ? `no test file matches: ${words.join(' ')}`
        : `not compiled: ${missing.map(source).join(', ')}; npm run build:ts`,
    );
    return 2;
  }
  if (process.geteuid?.() !== 0)
    console.error('not root: what needs a tracer is skipped or fails; to run everything: sudo -E npm test');
  const begun = Date.now();
  for (const major of majors) {
    const chosen = major === OWN ? files : files.filter((file) => DEPENDENT.test(file));
    const node = major === OWN ? process.execPath : nodes.installedNode(PACKAGE, major)?.path;
    const on = major === OWN ? '' : ` on Node.js ${major}`;
    if (chosen.length === 0) continue;
    if (node === undefined) reportMissing(`Node.js ${major} is not there; npm run setup`);
    else await run(node, chosen, on);
  }
  console.log(dim(`${files.length} files, ${((Date.now() - begun) / 1000).toFixed(0)} s`));
  console.log(`${totals.passed} passed, ${totals.failed} failed${totals.skipped ? `, ${totals.skipped} skipped` : ''}`);
  return totals.failed > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
