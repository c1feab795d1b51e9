/** Node's own options: whatever they forbid, limit or watch, the program runs as without us. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { CLI, plainEnv, providerEnv, PROGRAMS, start, type Outcome } from '../harness/node.js';

const folder = join(PROGRAMS, 'hostile');
const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });
const run = (args: readonly string[], env: NodeJS.ProcessEnv, cwd = folder): Promise<Outcome> =>
  start(process.execPath, args, { cwd, env }).done;

const QUIET = '--no-warnings';
const FLAGS: readonly (readonly string[])[] = [
  ['--disallow-code-generation-from-strings'],
  ['--frozen-intrinsics', QUIET],
  ['--disable-proto=delete'],
  ['--disable-proto=throw'],
  ['--jitless', QUIET],
  ['--max-lazy'],
  ['--no-opt'],
  ['--always-sparkplug'],
  ['--stack-size=300'],
  ['--max-old-space-size=64'],
  ['--max-semi-space-size=1'],
  ['--stack-trace-limit=1'],
  ['--enable-source-maps'],
  ['--throw-deprecation'],
  ['--pending-deprecation', QUIET],
  ['--trace-deprecation'],
  ['--no-deprecation'],
  ['--abort-on-uncaught-exception'],
  ['--unhandled-rejections=strict'],
  ['--report-on-fatalerror', '--report-uncaught-exception'],
  ['--heapsnapshot-signal=SIGUSR2'],
  ['--no-addons'],
  ['--expose-gc', '--gc-global'],
  ['--preserve-symlinks', '--preserve-symlinks-main'],
  ['--no-global-search-paths'],
  ['--force-context-aware'],
  ['--single-threaded'],
  ['--predictable'],
  ['--no-experimental-fetch', QUIET],
  ['--no-experimental-global-customevent', QUIET],
  ['--experimental-permission', '--allow-fs-read=*', QUIET],
  ['--experimental-permission', '--allow-fs-read=*', '--allow-addons', QUIET],
  ['--experimental-permission', '--allow-fs-read=*', '--allow-fs-write=*', '--allow-addons', '--allow-worker', QUIET],
  ['--no-such-option'],
];

for (const flags of FLAGS)
  t.test(`${flags.join(' ')}: the program runs as without us`, async (t) => {
    for (const name of ['listed', 'the stack exhausted', 'Array.prototype watched']) {
      // With no stack left, the call of a hook is what fails; caught natively, it is uncaught for this option.
      if (flags.includes('--abort-on-uncaught-exception') && name === 'the stack exhausted') continue;
      const args = [...flags, 'main.js', name];
      t.same(said(await run(args, providerEnv())), said(await run(args, plainEnv())), name);
    }
  });

t.test('reports of the engine about the program are written as ever', async (t) => {
  for (const [flag, pattern] of [
    ['--cpu-prof', /\.cpuprofile$/],
    ['--heap-prof', /\.heapprofile$/],
  ] as const) {
    const out = t.testdir({});
    t.equal((await run([flag, `${flag}-dir=${out}`, 'main.js', 'listed'], providerEnv())).code, 0);
    t.equal(readdirSync(out).filter((file) => pattern.test(file)).length, 1, flag);
  }
});

t.test("the program's own coverage has the same functions, called as often", async (t) => {
  const functions = async (env: NodeJS.ProcessEnv): Promise<string[]> => {
    const out = t.testdir({});
    await run(['main.js', 'listed'], { ...env, NODE_V8_COVERAGE: out });
    const { result } = JSON.parse(readFileSync(join(out, readdirSync(out)[0]!), 'utf8')) as {
      result: { url: string; functions: { functionName: string; ranges: { count: number }[] }[] }[];
    };
    return result
      .flatMap(({ url, functions }) => functions.map((one) => `${url} ${one.functionName} ${one.ranges[0]!.count}`))
      .filter((line) => line.includes('/programs/hostile/'))
      .sort();
  };
  const plain = await functions(plainEnv());
  t.ok(plain.some((line) => line.includes('later.js known 5')));
  t.same(await functions(providerEnv()), plain);
});

/** By `polyprobe run`, which looks at the command. */
async function byRun(t: Test, args: readonly string[], cwd: string, remark: RegExp): Promise<void> {
  const plain = await run(args, plainEnv(), cwd);
  t.equal(plain.code, 0, plain.stderr);
  const quiet = await run([CLI, 'run', '--quiet', '--', process.execPath, ...args], plainEnv(), cwd);
  t.same(said(quiet), said(plain));
  const loud = await run([CLI, 'run', '--', process.execPath, ...args], plainEnv(), cwd);
  t.same([loud.code, loud.stdout], [plain.code, plain.stdout]);
  t.match(loud.stderr, remark);
}

/** Not below this package, whose package.json Node would have to read. */
function folderOf(t: Test, files: Record<string, string>): string {
  const cwd = mkdtempSync(join(tmpdir(), 'polyprobe-flags-'));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  return cwd;
}

const isNode20 = process.versions.node.startsWith('20.');
const skip = isNode20 ? false : 'only Node.js 20 has it';

t.test('a program that may not read polyprobe', { skip }, async (t) => {
  const cwd = folderOf(t, { 'main.js': 'function f() { return 1; } console.log(f(), String(f));' });
  for (const reads of [[`--allow-fs-read=${cwd}`], ['--allow-fs-read', `${cwd}/*`]])
    await byRun(
      t,
      ['--experimental-permission', QUIET, ...reads, 'main.js'],
      cwd,
      /^polyprobe: off: .*permission model/,
    );
});

t.test('a program under a policy', { skip }, async (t) => {
  const text = 'function f() { return 1; } console.log(f(), String(f));';
  const integrity = `sha384-${createHash('sha384').update(text).digest('base64')}`;
  const cwd = folderOf(t, {
    'main.js': text,
    'policy.json': JSON.stringify({ resources: { './main.js': { integrity, dependencies: true } } }),
  });
  await byRun(t, ['--experimental-policy=policy.json', QUIET, 'main.js'], cwd, /^polyprobe: off: a policy/);
  writeFileSync(join(cwd, 'main.js'), `${text} `);
  const changed = ['--experimental-policy=policy.json', QUIET, 'main.js'];
  const ours = await run([CLI, 'run', '--quiet', '--', process.execPath, ...changed], plainEnv(), cwd);
  t.same(said(ours), said(await run(changed, plainEnv(), cwd)), 'and is refused as without us');
});
