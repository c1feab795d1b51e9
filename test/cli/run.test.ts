import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { environment } from '../../core/runtimes/index.js';
import { CLI, plainEnv, start } from '../harness/node.js';

const folder = mkdtempSync(join(tmpdir(), 'polyprobe run '));
t.teardown(() => rmSync(folder, { recursive: true }));

const polyprobe = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  start(process.execPath, [CLI, ...args], { env: { ...plainEnv(), ...env } });

/** What a shell prints, and how it ends. */
const shell = (script: string) => start('sh', ['-c', script], { env: plainEnv() }).done;

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

t.test('the command takes the place of polyprobe: same process, streams and exit status', async (t) => {
  const running = polyprobe([
    'run',
    '--',
    'node',
    '-e',
    'process.stdin.pipe(process.stdout); console.error(process.pid); process.exitCode = 41',
  ]);
  running.child.stdin!.end('through\n');
  const { code, stdout, stderr, pid } = await running.done;
  t.same([code, stdout, stderr], [41, 'through\n', `${pid}\n`]);
});

t.test('a signal that ends the command ends polyprobe, as the parent sees it', async (t) => {
  const running = polyprobe(['run', '--', 'node', '-e', 'console.log("ready"); setInterval(() => {}, 1000)']);
  await running.line('ready');
  running.child.kill('SIGTERM');
  t.equal((await running.done).signal, 'SIGTERM');
});

t.test('a handler of the command gets the signal', async (t) => {
  const running = polyprobe([
    'run',
    '--',
    'node',
    '-e',
    'process.on("SIGHUP", () => process.exit(7)); console.log("ready"); setInterval(() => {}, 1000)',
  ]);
  await running.line('ready');
  running.child.kill('SIGHUP');
  t.equal((await running.done).code, 7);
});

t.test('children and their children can be traced', async (t) => {
  const status =
    'console.log(require("node:process").env.NODE_OPTIONS !== undefined, typeof globalThis[Symbol.for("polyprobe.provider")])';
  const { stdout } = await polyprobe(['run', '--', 'sh', '-c', `sh -c 'node -e '"'"'${status}'"'"`]).done;
  t.equal(stdout, 'true object\n');
});

t.test('NODE_OPTIONS that were there still hold', async (t) => {
  const program = ['node', '-p', 'process.title + " " + process.env.NODE_OPTIONS.includes("--title=kept")'];
  const { stdout } = await polyprobe(['run', '--', ...program], { NODE_OPTIONS: '--title=kept' }).done;
  t.equal(stdout, 'kept true\n');
});

t.test("options after the command are the command's own", async (t) => {
  const program = file('options.cjs', 'console.log(process.argv.slice(2).join(" "))');
  const { stdout } = await polyprobe(['run', '--no-functions', 'node', program, '--json', '-i', '--', '-x']).done;
  t.equal(stdout, '--json -i -- -x\n');
});

t.test("a command that is not there, or can't be run, is told as a shell tells it", async (t) => {
  const missing = await polyprobe(['run', '--', 'no-such-command']).done;
  t.equal(missing.code, 127);
  t.match(missing.stderr, /^polyprobe: no-such-command: command not found\n {2}expected: .+\n {2}to do: .+\n$/);
  const plain = file('plain', 'text');
  const refused = await polyprobe(['run', '--', plain]).done;
  t.equal(refused.code, 126);
  t.match(refused.stderr, /not executable/);
  t.equal((await polyprobe(['run']).done).code, 2);
  t.equal((await polyprobe(['run', '--nonsense', '--', 'true']).done).code, 2);
});

t.test('a script without a first line runs in a shell', async (t) => {
  const script = file('script', 'echo "from a shell: $1"\n');
  chmodSync(script, 0o755);
  t.equal((await polyprobe(['run', '--', script, 'one']).done).stdout, 'from a shell: one\n');
});

t.test('limits and dispositions are those of the shell, not of the Node that started it', async (t) => {
  const look = "ulimit -n; grep -E '^Sig(Ign|Blk)' /proc/self/status";
  const limit = 'ulimit -S -n 555';
  const plain = await shell(`${limit}; ${look}`);
  const through = await shell(`${limit}; "${process.execPath}" "${CLI}" run -- sh -c "${look}"; :`);
  t.equal(through.stdout, plain.stdout);
  t.match(plain.stdout, /^555\n/);
});

t.test("'polyprobe env' says the same to a shell as 'run' sets", async (t) => {
  const options = { include: ["a b/*'.js", 'c"$HOME\\'], functions: true };
  const set = environment(options, {});
  const args = options.include.flatMap((glob) => ['-i', glob]);
  const { stdout: lines } = await polyprobe(['env', '--export', ...args]).done;
  const script = `${lines}node -p 'JSON.stringify([process.env.NODE_OPTIONS, process.env.POLYPROBE_INCLUDE])'`;
  const { stdout } = await shell(script);
  t.same(JSON.parse(stdout), [set['NODE_OPTIONS'], set['POLYPROBE_INCLUDE']]);
  const { stdout: json } = await polyprobe(['env', '--json', ...args]).done;
  t.same(JSON.parse(json), set);
});

t.test('a reader that has seen enough ends a command quietly', async (t) => {
  const { stdout, stderr, code } = await shell(`"${process.execPath}" "${CLI}" probes | head -n 1`);
  t.match(stdout, /^PROBE/);
  t.same([stderr, code], ['', 0]);
});

t.test('every command has its help, and a wrong one is told', async (t) => {
  for (const command of ['run', 'env', 'lib', 'probes', 'ps', 'list', 'check', 'script', 'trace']) {
    const { code, stdout } = await polyprobe([command, '--help']).done;
    t.equal(code, 0);
    t.match(stdout, new RegExp(`^Usage: polyprobe ${command}`));
  }
  const { code, stderr } = await polyprobe(['bogus']).done;
  t.equal(code, 2);
  t.match(stderr, /unknown command 'bogus'/);
});
