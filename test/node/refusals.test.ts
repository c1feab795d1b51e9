/** What was chosen and can't be instrumented runs as it is, and is listed on request: by the program, and in a report. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { CLI, plainEnv, start, type Outcome } from '../harness/node.js';

const INDEX = join(PACKAGE, 'dist/providers/node/index.cjs');
const said = ({ code, stdout, stderr }: Outcome): unknown => ({ code, stdout, stderr });

type Line = Record<string, unknown> & { readonly kind: string };

/** Runs a program without us and under `polyprobe run`. @returns what the report says */
async function reported(t: Test, folder: string, args: readonly string[], ...options: string[]): Promise<Line[]> {
  const report = join(folder, 'report.jsonl');
  rmSync(report, { force: true });
  const env = { ...plainEnv(), POLYPROBE_CACHE: join(folder, 'cache') };
  const at = { cwd: folder, env };
  const plain = await start(process.execPath, args, at).done;
  const run = [CLI, 'run', '--report', 'report.jsonl', ...options, '--', process.execPath, ...args];
  const ours = await start(process.execPath, run, at).done;
  t.same(said(ours), said(plain), 'the program runs as without us');
  const lines = readFileSync(report, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line);
}

const refusedOf = (lines: readonly Line[], folder: string): unknown[] =>
  lines
    .filter(({ kind }) => kind === 'refused')
    .map(({ file, function: name, line, reason }) => [String(file).replace(`${folder}/`, ''), name, line, reason])
    .sort();

const FILES = {
  'main.cjs': `
    for (const file of ['broken', 'marked', 'huge', 'with', 'asm', 'fine', 'empty'])
      try { console.log(file, require('./' + file + '.cjs')); } catch (error) { console.log(file, error.name); }
    delete require.cache[require.resolve('./marked.cjs')];
    console.log(require('./marked.cjs'));
    const { Worker } = require('worker_threads');
    new Worker(require.resolve('./worker.cjs')).on('exit', () => import('./marked.mjs').then(({ one }) => console.log(one())));
  `,
  'broken.cjs': 'function (',
  'marked.cjs': 'exports.f = "__pp_".length; function f() {}',
  'huge.cjs': `exports.f = 1; function f() {}\n${'//'.padEnd(1023, 'x')}\n`.padEnd(17 * 1024 * 1024, ' '),
  'with.cjs': '\nexports.sum = sum(); function sum() { with ({ a: 1 }) { return a; } }\nfunction other() {}',
  'asm.cjs':
    'exports.f = module; function module() { "use asm"; function f() { return 1; } return f; }\nfunction g() {}',
  'fine.cjs': 'exports.f = (() => 1)();',
  'empty.cjs': '',
  'worker.cjs': 'try { require("./broken2.cjs"); } catch {}',
  'broken2.cjs': 'class {',
  'marked.mjs': 'export const one = () => "__pp_".length;',
};

t.test('everything that could not be instrumented is in the report, once, with what to do', async (t) => {
  const folder = t.testdir(FILES);
  const lines = await reported(t, folder, ['main.cjs']);
  t.same(refusedOf(lines, folder), [
    ['asm.cjs', 'module', 1, 'use asm'],
    ['broken.cjs', '', 0, 'syntax'],
    ['broken2.cjs', '', 0, 'syntax'],
    ['huge.cjs', '', 0, 'size'],
    ['marked.cjs', '', 0, 'marker'],
    ['marked.mjs', '', 0, 'marker'],
    ['with.cjs', 'sum', 2, 'with'],
  ]);
  for (const { kind, message, todo } of lines)
    if (kind === 'refused') for (const text of [message, todo]) t.match(text, /\w/);
  const on = lines.filter(({ kind, code }) => kind === 'start' && code === 'on');
  t.equal(on.length, 2, 'the program and its worker');
  t.same(lines.at(-1)!.kind, 'end');
});

t.test('a glob that no file matched is told at the end', async (t) => {
  const folder = t.testdir({
    'main.mjs':
      'import "./lib/a.mjs"; import { createRequire } from "module"; createRequire(import.meta.url)("./b:c.cjs");',
    lib: { 'a.mjs': 'export const a = () => 1;' },
    'b:c.cjs': '() => 1;',
    '@scope': { name: {} },
  });
  const globs = ['lib/**', './b:c.cjs', '*:c.*', '@scope/name', 'src/**/*.js', 'main.mjs'];
  const lines = await reported(t, folder, ['main.mjs'], ...globs.flatMap((glob) => ['-i', glob]), '-x', 'nothing');
  const patterns = (kind: string): unknown[] =>
    lines.filter((line) => line.kind === kind).map(({ pattern }) => String(pattern).replace(/\\:/g, ':'));
  t.same(patterns('unmatched'), ['@scope/name', 'src/**/*.js', 'nothing']);
  t.same(patterns('matched').sort(), ['*:c.*', './b:c.cjs', 'lib/**', 'main.mjs']);
});

t.test('why nothing can be traced is in the report, of children too', async (t) => {
  const folder = t.testdir({
    'main.cjs': 'require("child_process").execFileSync(process.execPath, ["--no-addons", __dirname + "/child.cjs"]);',
    'child.cjs': '',
  });
  const lines = await reported(t, folder, ['main.cjs'], '--quiet');
  const starts = lines.filter(({ kind }) => kind === 'start');
  t.same(
    starts.map(({ code }) => code),
    ['on', 'forbidden'],
  );
  t.match(starts[1]!['todo'], /--no-addons/);
});

t.test('a program whose global object is frozen is told', async (t) => {
  const folder = t.testdir({ 'main.cjs': 'Object.freeze(globalThis); function f() {}' });
  const lines = await reported(t, folder, ['main.cjs']);
  t.same(refusedOf(lines, folder), [['main.cjs', '', 0, 'frozen']]);
});

t.test('a program can ask for the list itself', async (t) => {
  const folder = t.testdir(FILES);
  const ask = `
    const { refused } = require(${JSON.stringify(INDEX)});
    for (let i = 0; i < 3; i++) for (const file of ['broken', 'marked', 'with']) { try { require('./' + file + '.cjs'); } catch {} delete require.cache[__dirname + '/' + file + '.cjs']; }
    console.log(JSON.stringify(refused().map((one) => [Object.getPrototypeOf(one) === Object.prototype, one.reason, one.function])));`;
  const { stdout } = await start(process.execPath, ['-e', ask], { cwd: folder, env: plainEnv() }).done;
  t.same(JSON.parse(stdout), [
    [true, 'syntax', ''],
    [true, 'marker', ''],
    [true, 'with', 'sum'],
  ]);
});

t.test('a report that can not be written is no matter of the program', async (t) => {
  const folder = t.testdir(FILES);
  const env = { ...plainEnv(), POLYPROBE_CACHE: join(folder, 'cache') };
  const plain = await start(process.execPath, ['main.cjs'], { cwd: folder, env }).done;
  for (const report of ['/dev/full', '/proc/nothing/x', folder, '/dev/null/x', 'relative', '']) {
    const NODE_OPTIONS = `--require=${join(PACKAGE, 'dist/providers/node/preload.cjs')}`;
    const given = { ...env, NODE_OPTIONS, POLYPROBE_REPORT: report };
    t.same(said(await start(process.execPath, ['main.cjs'], { cwd: folder, env: given }).done), said(plain), report);
  }
});
