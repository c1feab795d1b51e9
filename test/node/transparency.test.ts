/**
 * A program prints the same without us, with the provider, and while everything it does is traced.
 *
 * Nothing is normalised: the three runs have the same files, arguments and working directory.
 * Known limits, which the programs therefore don't look at:
 *  - above the stack of an UNCAUGHT error Node prints a line of what V8 compiled, and that is the instrumented line
 *    (V8 takes it from the script's own text, before anything of ours can run; see the last test);
 *  - `Function.prototype.toString` of another realm (node:vm) shows the instrumented text.
 */
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { probes } from '../../core/abi/probes.js';
import { PACKAGE } from '../../core/paths.js';
import { PROGRAMS, type Outcome } from '../harness/node.js';
import { totalOf, type Actions } from '../harness/trace.js';
import { Isolated, startAs } from './isolated.js';

const isolated = new Isolated(t);
const folder = join(PROGRAMS, 'transparency');

/** Every probe that Node serves, counted. */
const EVERYTHING: Actions = Object.fromEntries(
  probes
    .filter(({ runtimes }) => runtimes.node.served === 'yes')
    .map(({ name }) => [name, '@fired[pid, probe] = count();']),
);

interface Way {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });

async function outcome({ args, stdin = '', cwd = folder, env = {} }: Way, provider: boolean): Promise<Outcome> {
  const running = startAs(
    process.execPath,
    args,
    { ...(provider ? isolated.env() : isolated.plainEnv()), ...env },
    cwd,
  );
  running.child.stdin!.on('error', () => undefined).end(stdin);
  return running.done;
}

/** Runs a program without and with the provider, and compares. */
async function same(t: Test, way: Way): Promise<Outcome> {
  const plain = await outcome(way, false);
  const ours = await outcome(way, true);
  t.same(said(ours), said(plain), 'the provider changes nothing');
  return ours;
}

const PROGRAM_NAMES = [
  'stacks.js',
  'stacks.mjs',
  'prepare.js',
  'inferred.js',
  'jsdoc.js',
  'tostring.js',
  'globals.js',
  'emptied.js',
  'compilers.js',
  'realms.js',
  'messages.js',
  'reloaded.js',
  'overflow.js',
  'modes.js',
  'patched-throw.js',
  'patched-count.js',
  'worker.js',
  'json.mjs',
  'bom.js',
  'shebang.js',
  'mapped.js',
  'broken.js',
];

t.test('programs that look closely see no difference', async (t) => {
  for (const name of PROGRAM_NAMES)
    await t.test(name, async (t) => {
      const { stdout, stderr } = await same(t, { args: [name] });
      t.ok(stdout + stderr, 'it says something');
      t.notMatch(stdout + stderr, /__pp_/, 'nothing of ours is seen');
    });
});

t.test('nor do they while everything is traced', async (t) => {
  const tracer = await isolated.attach(t, EVERYTHING);
  const traced: { name: string; pid: number }[] = [];
  for (const name of PROGRAM_NAMES) {
    // While requests are followed, a frame of Node's more can show in traces of a turn of its own (README).
    if (name === 'jsdoc.js') continue;
    const plain = await outcome({ args: [name] }, false);
    const ours = await outcome({ args: [name] }, true);
    t.same(said(ours), said(plain), name);
    traced.push({ name, pid: ours.pid });
  }
  const maps = await tracer.stop();
  for (const { name, pid } of traced) t.ok(totalOf(maps, '@fired', pid) > 0, `${name} was traced`);
});

const SHOW = 'function f() { return new Error("f").stack.split("\\n")[1] } console.log(f(), String(f))';
const WAYS: Record<string, Way> = {
  '--check of a good file': { args: ['--check', 'stacks.js'] },
  '--check of a broken file': { args: ['--check', 'broken.js'] },
  '-p': { args: ['-p', '[1, 2].map((n) => n * 2).join()'] },
  '-e': { args: ['-e', SHOW] },
  '-e that throws': { args: ['-e', 'function f() { throw new Error("e") } f()'] },
  '-e of an ES module': {
    args: ['--input-type=module', '-e', `import fs from "fs"; ${SHOW}; console.log(typeof fs.open)`],
  },
  'a program on stdin': { args: [], stdin: SHOW },
  'a program on stdin, as -': { args: ['-', 'argument'], stdin: `${SHOW}; console.log(process.argv.length)` },
  'an ES module on stdin': { args: ['--input-type=module'], stdin: `import fs from "fs"; ${SHOW}` },
  'an interactive session': { args: ['-i'], stdin: '1 + 1\nfunction f() { return 2 }\nf()\nString(f)\n.exit\n' },
  'no code from strings': { args: ['--disallow-code-generation-from-strings', 'emptied.js'] },
  'no code from strings, by require': { args: ['--disallow-code-generation-from-strings', 'part.js'] },
  'frozen intrinsics': { args: ['--frozen-intrinsics', '--no-warnings', 'bom.js'] },
  'frozen intrinsics and texts': {
    args: ['--frozen-intrinsics', '--no-warnings', '-p', 'String(require("./part.js").add)'],
  },
  'no addons': { args: ['--no-addons', 'bom.js'] },
  'a permission model without addons': {
    args: ['--experimental-permission', '--allow-fs-read=*', '--no-warnings', 'bom.js'],
  },
  'the test runner': { args: ['--test-reporter=tap', '--test-name-pattern=passes', '--test', 'nothing-here.js'] },
  'source maps': { args: ['--enable-source-maps', 'mapped.js'] },
  'no trace limit': { args: ['--stack-trace-limit=100', 'prepare.js'] },
  jitless: { args: ['--jitless', '--no-warnings', 'modes.js'] },
  'symbolic links kept': { args: ['--preserve-symlinks', '--preserve-symlinks-main', 'bom.js'] },
  'VM modules': { args: ['--experimental-vm-modules', '--no-warnings', 'realms.js'] },
  'a missing program': { args: ['missing.js'] },
  'a missing preload': { args: ['--require', './missing.js', 'bom.js'] },
  'an unknown option': { args: ['--no-such-option', 'bom.js'] },
  version: { args: ['--version'] },
  'TypeScript by tsx': { args: ['--import', 'tsx', 'typed.ts'] },
  'TypeScript by tsx/cjs': { args: ['--require', 'tsx/cjs', 'typed.ts'] },
};

for (const [name, way] of Object.entries(WAYS))
  t.test(`${name} behaves as ever`, async (t) => {
    await same(t, way);
  });

t.test('files run wherever they lie', async (t) => {
  const text = `function f() { return new Error('f').stack.split('\\n')[1] }
console.log(f(), String(f), __filename, require('module')._pathCache !== undefined, require.main.filename);\n`;
  const places = t.testdir({
    'a b': {},
    "it's": {},
    'quo"ted': {},
    'ünïcödé ☃': {},
    'new\nline': {},
    '%41#?&': {},
    $HOME: {},
    'back\\slash': {},
  });
  for (const place of readdirSync(places)) {
    for (const file of ['main.js', 'main']) {
      writeFileSync(join(places, place, 'package.json'), '{"type":"commonjs"}');
      writeFileSync(join(places, place, file), text);
      const { stdout } = await same(t, { args: [join(places, place, file)], cwd: places });
      t.match(stdout, /function f\(\)/, JSON.stringify(place));
    }
    // Node can't import from there itself, and says so with its own frames in the stack.
    if (place.includes('\\')) continue;
    const module = join(places, place, 'main.mjs');
    writeFileSync(
      module,
      `import './other.mjs';\nfunction f() { return new Error('f').stack.split('\\n')[1] }\nconsole.log(f(), String(f), import.meta.url);\n`,
    );
    writeFileSync(join(places, place, 'other.mjs'), 'export const other = () => 1; other();\n');
    await same(t, { args: [module], cwd: join(places, place) });
  }
  symlinkSync(join(places, 'a b', 'main.js'), join(places, 'link.js'));
  symlinkSync(join(places, 'a b', 'main.mjs'), join(places, 'program'));
  symlinkSync(join(places, 'a b'), join(places, 'folder'));
  for (const way of ['link.js', 'program', 'folder/main.js', 'folder', './folder/../link.js'])
    await same(t, { args: [way], cwd: places });
});

t.test('an ES module is one however Node finds it out', async (t) => {
  const text =
    "function f() { return new Error('f').stack.split('\\n')[1] }\nconsole.log(f(), String(f), import.meta.url.length);\n";
  const places = t.testdir({
    typed: { 'package.json': '{"type":"module"}', 'index.js': text, bare: text },
    untyped: { 'index.js': `export const x = 1;\n${text}`, 'await.js': text.replace('console', 'await null; console') },
    main: { 'package.json': '{"type":"module","main":"lib/start.js"}', lib: { 'start.js': text } },
  });
  const tracer = await isolated.attach(t, { function__entry: '@calls[pid, str(arg2)] = count();' });
  const pids: [string, number][] = [];
  for (const way of [
    'typed',
    'typed/index',
    'typed/index.js',
    'untyped',
    'untyped/await.js',
    'main',
    'main/lib/start.js',
  ])
    pids.push([way, (await same(t, { args: [way], cwd: places })).pid]);
  const maps = await tracer.stop();
  for (const [way, pid] of pids) t.equal(totalOf(maps, '@calls', pid), 1, `${way} is instrumented`);
});

t.test('a home that is read-only, missing or not ours, and a cache that is broken, change nothing', async (t) => {
  const places = t.testdir({ readonly: {}, file: 'no folder', broken: {}, loose: { polyprobe: {} } });
  chmodSync(join(places, 'readonly'), 0o500);
  chmodSync(join(places, 'loose/polyprobe'), 0o777);
  const homes: NodeJS.ProcessEnv[] = [
    { HOME: join(places, 'readonly'), XDG_CACHE_HOME: undefined },
    { HOME: '/proc/nowhere', XDG_CACHE_HOME: undefined },
    { HOME: '/sys', XDG_CACHE_HOME: undefined },
    { HOME: undefined, XDG_CACHE_HOME: undefined },
    { HOME: '', XDG_CACHE_HOME: undefined },
    { XDG_CACHE_HOME: join(places, 'file') },
    { XDG_CACHE_HOME: join(places, 'loose') },
    { XDG_CACHE_HOME: 'relative' },
    { POLYPROBE_CACHE: '/dev/null' },
    { POLYPROBE_CACHE: '/dev/full/x' },
  ];
  for (const env of homes) await same(t, { args: ['stacks.js'], env });

  const env = { POLYPROBE_CACHE: join(places, 'broken') };
  await same(t, { args: ['stacks.js'], env });
  const entries = join(places, 'broken/v2');
  const names = readdirSync(entries).filter((name) => !name.startsWith('.'));
  t.ok(names.length > 0, 'it is kept');
  for (const damage of [
    (text: Buffer) => text.subarray(0, text.length >> 1),
    (text: Buffer) => Buffer.concat([text, Buffer.from('process.exit(3)')]),
    () => Buffer.alloc(0),
    (text: Buffer) => Buffer.from(text.toString('latin1').replace('plain', 'plaix'), 'latin1'),
  ]) {
    for (const name of names) {
      const file = join(entries, name);
      writeFileSync(file, damage(readFileSync(file)));
    }
    await same(t, { args: ['stacks.js'], env });
  }
});

t.test('two copies of the package in one process are one', async (t) => {
  const second = join(isolated.folder, 'second');
  mkdirSync(second);
  for (const part of ['dist/providers', 'dist/core', 'build/Release', 'package.json'])
    cpSync(join(PACKAGE, part), join(second, part), { recursive: true });
  symlinkSync(join(PACKAGE, 'node_modules'), join(second, 'node_modules'));
  const preload = join(second, 'dist/providers/node/preload.cjs');
  const plain = await outcome({ args: ['stacks.js'] }, false);
  for (const args of [
    ['--require', preload],
    ['--require', isolated.preload],
    ['--require', preload, '--require', isolated.preload],
  ]) {
    const ours = await outcome({ args: [...args, 'stacks.js'] }, true);
    t.same(said(ours), said(plain));
  }
});

t.test('an uncaught error differs in the line that Node shows above it, and in nothing else', async (t) => {
  const plain = await outcome({ args: ['uncaught.js'] }, false);
  const ours = await outcome({ args: ['uncaught.js'] }, true);
  t.equal(ours.code, plain.code);
  t.equal(ours.stdout, plain.stdout);
  const lines = (text: string): string[] => text.split('\n');
  const [before, after] = [lines(plain.stderr), lines(ours.stderr)];
  t.same([after[0], ...after.slice(3)], [before[0], ...before.slice(3)]);
});
