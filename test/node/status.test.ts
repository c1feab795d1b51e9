/**
 * Broken installations: whatever is wrong with the native files, the program runs as without us. Other platforms and versions
 * are in unsupported.test.ts.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'acorn';
import t, { type Test } from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { plainEnv, type Outcome } from '../harness/node.js';
import { copyPackage, startAs } from './isolated.js';

const folder = mkdtempSync(join(tmpdir(), 'polyprobe-status-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const program = join(folder, 'program.cjs');
writeFileSync(
  program,
  `const { Worker, isMainThread } = require('worker_threads');
   const { spawnSync } = require('child_process');
   function f() { return new Error('f').stack.split('\\n')[1]; }
   console.log(f(), String(f));
   if (isMainThread && !process.argv[2]) {
     const worker = new Worker(__filename);
     worker.on('exit', (code) => {
       console.log(code, spawnSync(process.execPath, [__filename, 'child'], { stdio: ['ignore', 'inherit', 'inherit'] }).status);
       process.exitCode = 3;
     });
   }`,
);

interface Install {
  readonly release: string;
  readonly addon: string;
  readonly library: string;
  readonly preload: string;
  readonly index: string;
}

let installs = 0;
function install(): Install {
  const top = join(folder, `install ${installs++}`);
  mkdirSync(top);
  copyPackage(top);
  const release = join(top, 'build/Release');
  return {
    release,
    addon: join(release, `polyprobe_node.${process.versions.modules}.node`),
    library: join(release, 'libpolyprobe.so'),
    preload: join(top, 'dist/providers/node/preload.cjs'),
    index: join(top, 'dist/providers/node/index.cjs'),
  };
}

const run = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> => {
  const running = startAs(process.execPath, args, { ...plainEnv(), ...env }, folder);
  running.child.stdin!.end();
  return running.done;
};
const withPreload = (preload: string): string => `--require="${preload}"`;
const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });

/** The program runs as ever, quietly or with one remark; and `status()` knows why. */
async function isOff(t: Test, { preload, index }: Install, code: string): Promise<void> {
  const plain = await run([program], {});
  const NODE_OPTIONS = withPreload(preload);
  t.same(said(await run([program], { NODE_OPTIONS })), said(plain), 'the program runs as without us');
  const loud = await run([program], { NODE_OPTIONS, POLYPROBE_NOTICE: '1' });
  t.equal(loud.stdout, plain.stdout);
  t.equal(loud.code, plain.code);
  t.match(loud.stderr, /^polyprobe: off: .+\n {2}to do: .+\n$/, 'said once, for the worker and the child as well');
  const { stdout } = await run(['-p', `JSON.stringify(require(${JSON.stringify(index)}).status())`], {});
  const status = JSON.parse(stdout) as { active: boolean; code: string; message: string; todo: string };
  t.same([status.active, status.code], [false, code]);
  t.not(status.todo, '');
}

const DAMAGE: Record<string, (at: Install) => void> = {
  'the native part is empty': ({ addon }) => writeFileSync(addon, ''),
  'the native part is text': ({ addon }) => writeFileSync(addon, 'not a library\n'),
  'the native part is cut off': ({ addon }) => truncateSync(addon, statSync(addon).size >> 1),
  'the library is cut off': ({ library }) => truncateSync(library, statSync(library).size >> 1),
  'the native part is cut off near its end': ({ addon }) => truncateSync(addon, statSync(addon).size - 1),
  'the native part is cut off in its header': ({ addon }) => truncateSync(addon, 100),
  'the native part is for another machine': ({ addon }) => {
    const bytes = readFileSync(addon);
    bytes.writeUInt16LE(bytes.readUInt16LE(18) === 62 ? 183 : 62, 18);
    writeFileSync(addon, bytes);
  },
  'the native part is a folder': ({ addon }) => {
    rmSync(addon);
    mkdirSync(addon);
  },
  'the native part is a library of something else': ({ addon, release }) => {
    const source = join(release, 'other.c');
    writeFileSync(source, 'int other(void) { return 1; }\n');
    execFileSync('cc', ['-shared', '-fPIC', '-o', addon, source]);
  },
  'the library is gone': ({ library }) => rmSync(library),
  'the library is text': ({ library }) => writeFileSync(library, 'not a library\n'),
};

for (const [what, damage] of Object.entries(DAMAGE))
  t.test(`${what}: off`, async (t) => {
    const broken = install();
    damage(broken);
    await isOff(t, broken, 'load-failed');
  });

t.test('the native part is not there: off', async (t) => {
  const broken = install();
  rmSync(broken.addon);
  await isOff(t, broken, 'not-built');
});

t.test('a library of another ABI: off', async (t) => {
  const whole = install();
  const plain = await run([program], {});
  for (const version of ['0x20000', '0']) {
    // All is the same but what the library says of itself.
    const source = join(folder, 'abi.c');
    const shim = join(folder, `abi-${version}.so`);
    writeFileSync(source, `unsigned int polyprobe_abi_version(void) { return ${version}; }\n`);
    execFileSync('cc', ['-shared', '-fPIC', '-o', shim, source]);
    const ask = `JSON.stringify(require(${JSON.stringify(whole.index)}).status())`;
    const { stdout } = await run(['-p', ask], { LD_PRELOAD: shim });
    const status = JSON.parse(stdout) as { active: boolean; code: string; todo: string };
    t.same([status.active, status.code], [false, 'abi'], version);
    t.not(status.todo, '');
    const env = { NODE_OPTIONS: withPreload(whole.preload), LD_PRELOAD: shim };
    t.same(said(await run([program], env)), said(plain), 'the program runs as without us');
  }
});

t.test(
  'an installation that may not be read: off',
  { skip: process.getuid?.() === 0 ? false : 'only root can become nobody' },
  async (t) => {
    const broken = install();
    chmodSync(broken.addon, 0);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    chmodSync(folder, 0o755);
    const { stdout, stderr, code } = await startAs(
      nobody[0]!,
      [...nobody.slice(1), process.execPath, program, 'child'],
      { ...plainEnv(), NODE_OPTIONS: withPreload(broken.preload) },
      folder,
    ).done;
    t.match(stdout, /function f\(\)/);
    t.same([stderr, code], ['', 0]);
  },
);

t.test('it works where it works, and the damage above is what kept it off', async (t) => {
  const whole = install();
  t.ok(statSync(whole.addon).size > 0);
  const env = { NODE_OPTIONS: withPreload(whole.preload), POLYPROBE_NOTICE: '1' };
  t.same(said(await run([program], env)), said(await run([program], {})), 'without a word');
  const { stdout } = await run(['-p', `require(${JSON.stringify(whole.index)}).status().code`], env);
  t.equal(stdout, 'on\n');
});

t.test('whatever NODE_OPTIONS reaches can read the preload', async (t) => {
  // Node 8 is the first that knows NODE_OPTIONS, and knows ECMAScript 2017.
  const text = readFileSync(join(PACKAGE, 'dist/providers/node/preload.cjs'), 'utf8');
  t.doesNotThrow(() => parse(text, { ecmaVersion: 2017 }));
  t.throws(() => parse('try {} catch {}', { ecmaVersion: 2017 }));
});

t.test('a program that has closed its standard error is not told', async (t) => {
  const broken = install();
  rmSync(broken.addon);
  const { stdout, code } = await startAs(
    'sh',
    ['-c', 'exec "$@" 2>&-', 'sh', process.execPath, program, 'child'],
    { ...plainEnv(), NODE_OPTIONS: withPreload(broken.preload), POLYPROBE_NOTICE: '1' },
    folder,
  ).done;
  t.match(stdout, /function f\(\)/);
  t.equal(code, 0);
});
