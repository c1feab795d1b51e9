/** `polyprobe build`: a second Node.js beside the one that polyprobe was installed with. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { plainEnv, start, type Outcome } from '../harness/node.js';

interface Nodes {
  readonly MAJORS: readonly string[];
  installedNode(top: string, major: string): { readonly path: string; readonly modules: string } | undefined;
}
const nodes = (await import(pathToFileURL(join(PACKAGE, 'core/setup/nodes.mjs')).href)) as Nodes;
const other = nodes.installedNode(
  PACKAGE,
  nodes.MAJORS.findLast((major) => !process.version.startsWith(`v${major}.`))!,
)!;

/** What npm installs, built for this Node alone. */
const folder = mkdtempSync(join(tmpdir(), 'polyprobe-build-'));
t.teardown(() => rmSync(folder, { recursive: true }));
for (const part of ['dist/core', 'dist/providers', 'native', 'CMakeLists.txt', 'package.json'])
  cpSync(join(PACKAGE, part), join(folder, part), { recursive: true });
for (const part of ['core/setup/build-native.mjs', 'providers/node/addon', 'providers/node/CMakeLists.txt'])
  cpSync(join(PACKAGE, part), join(folder, part), { recursive: true });
mkdirSync(join(folder, 'build/Release'), { recursive: true });
for (const name of ['libpolyprobe.so', `polyprobe_node.${process.versions.modules}.node`])
  cpSync(join(PACKAGE, 'build/Release', name), join(folder, 'build/Release', name));
symlinkSync(join(PACKAGE, 'node_modules'), join(folder, 'node_modules'));

const env = { ...plainEnv(), PATH: `${dirname(other.path)}:${plainEnv()['PATH'] ?? ''}` };
const cli = (...args: string[]): Promise<Outcome> =>
  start(process.execPath, [join(folder, 'dist/core/cli/main.js'), ...args], { env }).done;

/** What `check` says of the other one. */
async function checked(): Promise<{ level: string; todo: string } | undefined> {
  const { stdout } = await cli('check', '--no-fire', '--json');
  const { findings } = JSON.parse(stdout) as {
    findings: { subject: string; level: string; todo: string; what: string }[];
  };
  return findings.find(({ what }) => what.includes(other.path));
}

t.test('a second version is missing until it is built, then both are served', async (t) => {
  const before = await checked();
  t.equal(before?.level, 'warning');
  t.equal(before?.todo, `polyprobe build --node ${other.path}`, 'check says what to do');
  const program = join(folder, 'program.cjs');
  writeFileSync(program, `console.log(require('./dist/providers/node/index.cjs').status().code)`);
  t.equal((await start(other.path, [program], { env }).done).stdout, 'not-built\n');

  const built = await cli('build', '--node', other.path);
  t.equal(built.code, 0, built.stderr);
  t.match(built.stdout, /^built for node \d+\.\d+\.\d+, .*\n$/);

  t.equal((await checked())?.level, 'ok');
  for (const node of [process.execPath, other.path])
    t.equal((await start(node, [program], { env }).done).stdout, 'on\n', node);
});

t.test('what can not be built is said, with what to do', async (t) => {
  const fails = async (args: string[], code: number, what: RegExp): Promise<void> => {
    const outcome = await cli('build', ...args);
    t.equal(outcome.code, code, args.join(' '));
    t.match(outcome.stderr, what);
    t.match(outcome.stderr, /\n {2}to do: .+\n$/);
  };
  await fails([], 2, /nothing to build for\n {2}expected: an interpreter: --node PATH/);
  await fails(['--node', '/no/such/node'], 127, /\/no\/such\/node/);
  await fails(['--node', join(folder, 'package.json')], 126, /package\.json/);
  await fails(['--node', '/bin/true'], 1, /nothing can be built for \/bin\/true/);
});
