import { copyFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { list } from '../../core/cli/list.js';
import { psText } from '../../core/cli/ps.js';
import { listProcesses } from '../../core/elf/processes.js';
import { TARGETS, buildMapper, buildProbes, startReady, stop } from '../elf/fixtures.js';

const dir = t.testdir({});
const library = buildProbes(dir, 'libpolyprobe.so', TARGETS['64-bit x86']!);
const mapper = buildMapper(dir);

/** Runs the two commands as main will: through commander, in a process of their own. */
function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const url = (path: string): string => JSON.stringify(new URL(`../../core/cli/${path}`, import.meta.url).href);
  const script = `
    import { Command } from 'commander';
    import { register as list } from ${url('list.js')};
    import { register as ps } from ${url('ps.js')};
    const program = new Command('polyprobe');
    list(program);
    ps(program, { recognise: ({ exe, argv }) => exe.endsWith('/mapper') ? { runtime: 'mapper', version: '9', program: argv[1] } : undefined });
    await program.parseAsync(['node', 'polyprobe', ...process.argv.slice(1)]);`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    encoding: 'utf8',
  });
}

t.test('the probes of a file are a table', async (t) => {
  t.equal(
    list(library).text,
    [
      'PROVIDER  PROBE     ARGUMENTS',
      'demo      plain     8@%rdi -4@$5',
      'demo      counted   8@16(%rsp)',
      'demo      operands  4@[sp, 12] 8f@%xmm0',
      'demo      none',
      '',
    ].join('\n'),
  );
});

t.test('arguments show their names where these are known and fit', async (t) => {
  const names: Record<string, string[]> = { plain: ['file', 'line'], counted: ['too', 'many'] };
  const lines = list(library, (provider, name) => (provider === 'demo' ? names[name] : undefined)).text.split('\n');
  t.match(lines[1], /plain +file:u64 line:i32$/);
  t.match(lines[2], /counted +8@16\(%rsp\)$/);
});

t.test('the probes of a process are a table with the file and whether each is armed', async (t) => {
  const child = await startReady(mapper, [library]);
  const { status, stdout, stderr } = run('list', String(child.pid));
  const lines = stdout.split('\n');
  t.match(lines[0], /^PROVIDER +PROBE +ARMED +ARGUMENTS +FILE$/);
  t.match(lines[1]?.split(/ {2,}/), ['demo', 'plain', 'no', '8@%rdi -4@$5', library]);
  t.equal(lines.length, 6);
  t.strictSame([status, stderr], [0, '']);
  await stop(child);
});

t.test('JSON tells what the table tells, and more', async (t) => {
  const child = await startReady(mapper, [library]);
  const value = JSON.parse(run('list', '--json', String(child.pid)).stdout);
  t.match(value, {
    pid: child.pid,
    files: [{ path: library, probes: { length: 4 } }],
    unreadable: [],
  });
  t.match(value.files[0].probes[0], {
    provider: 'demo',
    name: 'plain',
    armed: false,
    args: [
      { name: null, size: 8, signed: false, operand: '%rdi' },
      { size: 4, signed: true, operand: '$5' },
    ],
  });
  t.match(JSON.parse(run('list', '--json', library).stdout), {
    file: library,
    class: 64,
    probes: { length: 4 },
  });
  await stop(child);
});

t.test('a file without probes is an answer, not an error', async (t) => {
  t.match(run('list', mapper), {
    status: 0,
    stdout: '',
    stderr: `polyprobe: no probes in ${mapper}\n`,
  });
});

t.test('errors go to standard error with their own status', async (t) => {
  t.match(run('list', join(dir, 'none')), {
    status: 1,
    stdout: '',
    stderr: /^polyprobe: cannot find .*none\n {2}expected: .*\n {2}to do: .*\n$/,
  });
  t.match(run('list', '4194304'), {
    status: 1,
    stderr: /^polyprobe: there is no process 4194304\n/,
  });
  t.match(run('list', '99999999999999999999'), { status: 2, stderr: /'9+' is no process number\n/ });
  t.match(run('list', '0'), { status: 2, stderr: /'0' is no process number\n/ });
  t.match(run('list', ''), { status: 2, stderr: /the target is empty\n/ });
  t.match(run('list', '/etc/passwd'), { status: 1, stderr: /is not a program\n/ });
});

t.test('a file whose name is a number is given with its directory', async (t) => {
  copyFileSync(library, join(dir, '123'));
  t.match(list(join(dir, '123')).text, /plain/);
});

t.test('ps shows the process, its interpreter and its program', async (t) => {
  const child = await startReady(mapper, [library]);
  const { status, stdout } = run('ps');
  const line = stdout.split('\n').find((line) => line.trim().startsWith(`${child.pid} `));
  t.match(stdout.split('\n')[0]?.trim(), /^PID +USER +RUNTIME +STARTED +ARMED +CONTAINER +PROGRAM$/);
  t.match(line?.trim().split(/ {2,}/), [String(child.pid), /./, 'mapper 9', /^\d\d:\d\d$|^\d{4}-/, '0', /./, library]);
  t.equal(status, 0);
  const { processes } = JSON.parse(run('ps', '--json').stdout);
  t.match(
    processes.find((process: { pid: number }) => process.pid === child.pid),
    { runtime: 'mapper', exe: mapper, container: null, copies: [{ path: library, armed: [] }] },
  );
  await stop(child);
});

t.test('ps shows the command line and the date where it knows no better', async (t) => {
  const child = await startReady(mapper, [library]);
  const process = listProcesses().processes.find((process) => process.pid === child.pid)!;
  const started = new Date(2001, 1, 3, 4, 5);
  const id = '0123456789abcdef'.repeat(4);
  const text = psText({
    processes: [{ ...process, started, armed: undefined, container: `docker:${id}` }],
    unreadable: 0,
  });
  t.match(text.split('\n')[1], new RegExp(`\\? +2001-02-03 +\\? +docker:0123456789ab  ${mapper} ${library}$`));
  await stop(child);
});
