import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { plainEnv, start } from '../harness/node.js';

const PRELOAD = join(PACKAGE, 'dist/providers/node/preload.cjs');
const INDEX = join(PACKAGE, 'dist/providers/node/index.cjs');
const folder = mkdtempSync(join(tmpdir(), 'polyprobe-unsupported-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** Runs a program with something simulated before the provider is loaded. @returns what it said */
async function run(simulation: string, env: NodeJS.ProcessEnv = {}, preload = PRELOAD, index = INDEX) {
  const simulate = join(folder, 'simulate.cjs');
  writeFileSync(simulate, simulation);
  const code = `function f() { return 'ran' }
    const { status } = require(${JSON.stringify(index)});
    console.log(f(), JSON.stringify(status())); process.exitCode = 3`;
  const program = join(folder, 'program.cjs');
  writeFileSync(program, code);
  const {
    code: exit,
    stdout,
    stderr,
  } = await start(process.execPath, ['-r', simulate, '-r', preload, program], {
    env: { ...plainEnv(), ...env },
  }).done;
  const [, ran, status] = /^(\w+) (.*)\n$/.exec(stdout) ?? [];
  return { exit, ran, stderr, status: JSON.parse(status ?? 'null') as { code: string; active: boolean; todo: string } };
}

const define = (what: string, value: string): string =>
  `Object.defineProperty(process, '${what}', { value: ${JSON.stringify(value)}, configurable: true });`;

const CASES: [what: string, simulation: string, code: string][] = [
  ['macOS', define('platform', 'darwin'), 'platform'],
  ['Windows', define('platform', 'win32'), 'platform'],
  ['another architecture', define('arch', 's390x'), 'architecture'],
  ['a version that is not served', define('version', 'v21.1.0'), 'node-version'],
];

for (const [what, simulation, code] of CASES)
  t.test(`on ${what} the program runs as without us, and is told why it can't be traced`, async (t) => {
    const quiet = await run(simulation);
    t.same([quiet.exit, quiet.ran, quiet.stderr], [3, 'ran', '']);
    t.equal(quiet.status.code, code);
    t.equal(quiet.status.active, false);
    t.not(quiet.status.todo, '');
    const loud = await run(simulation, { POLYPROBE_NOTICE: '1' });
    t.match(loud.stderr, /^polyprobe: off: .+\n {2}to do: .+\n$/);
    t.equal(loud.ran, 'ran');
  });

t.test('an old Node only reads the preload, and says so', async (t) => {
  const old = `Object.defineProperty(process.versions, 'node', { value: '12.22.0' }); ${define('version', 'v12.22.0')}`;
  const { exit, ran, stderr, status } = await run(old, { POLYPROBE_NOTICE: '1' });
  t.same([exit, ran], [3, 'ran']);
  t.match(stderr, /^polyprobe: off: this is Node\.js 12\.22\.0, expected 20 or later\n/);
  t.equal(status.code, 'node-version');
});

t.test('POLYPROBE=off switches it off without a word', async (t) => {
  const { exit, ran, stderr, status } = await run('', { POLYPROBE: 'off', POLYPROBE_NOTICE: '1' });
  t.same([exit, ran, stderr, status.code], [3, 'ran', '', 'disabled']);
});

/** A copy of the compiled provider without native files. */
function copy(name: string): { preload: string; index: string } {
  const top = join(folder, name);
  cpSync(join(PACKAGE, 'dist/providers'), join(top, 'dist/providers'), { recursive: true });
  cpSync(join(PACKAGE, 'dist/core/abi'), join(top, 'dist/core/abi'), { recursive: true });
  symlinkSync(join(PACKAGE, 'node_modules'), join(top, 'node_modules'));
  writeFileSync(join(top, 'package.json'), '{"type":"module"}');
  const provider = join(top, 'dist/providers/node');
  return { preload: join(provider, 'preload.cjs'), index: join(provider, 'index.cjs') };
}

t.test('musl is told from a broken build', async (t) => {
  const { preload, index } = copy('musl');
  const musl = `process.report.getReport = () => ({ header: {} });`;
  t.equal((await run(musl, {}, preload, index)).status.code, 'musl');
});
