import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { findingText, summaryText } from '../../core/cli/check.js';
import type { Finding } from '../../core/check/types.js';
import { PACKAGE } from '../../core/paths.js';
import { startReady, stop } from '../elf/fixtures.js';
import { untraceable } from '../native/tracers.js';

const CLI = join(PACKAGE, 'dist/core/cli/main.js');
const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [CLI, 'check', ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });

const finding = (changes: Partial<Finding>): Finding => ({
  id: 'system/x',
  group: 'system',
  level: 'ok',
  what: 'all is well',
  todo: '',
  ...changes,
});

t.test('a finding is a line, and below it what to do', async (t) => {
  t.equal(findingText(finding({}), false), '  ok       all is well\n');
  const bad = finding({ level: 'problem', what: 'all is lost', todo: 'sudo fix it' });
  t.equal(findingText(bad, false), '  PROBLEM  all is lost\n           to do: sudo fix it\n');
  t.equal(findingText(bad, true), '  ✗  all is lost\n     to do: sudo fix it\n');
  t.equal(
    findingText(finding({ what: 'a\u001b[2Jb' }), false),
    '  ok       a\\x1b[2Jb\n',
    'what comes from elsewhere is escaped',
  );
});

t.test('the last line sums up', async (t) => {
  t.equal(
    summaryText({ ok: 3, note: 1, warning: 0, problem: 0 }),
    '\n3 ok, 1 note, 0 warnings, 0 problems: it works\n',
  );
  t.match(summaryText({ ok: 3, note: 0, warning: 1, problem: 0 }), '1 warning, 0 problems: it works, see the warnings');
  t.match(
    summaryText({ ok: 3, note: 0, warning: 1, problem: 2 }),
    '2 problems: not everything works, see the problems',
  );
});

t.test('--no-fire leaves the last group out', async (t) => {
  const { stdout, stderr } = run('--no-fire');
  t.equal(stderr, '', 'no progress through a pipe');
  t.strictSame(stdout.match(/^[a-z]+$/gm), [
    'system',
    ...(process.getuid?.() === undefined ? [] : ['permission']),
    'tracers',
    'library',
    'runtimes',
    'conflicts',
  ]);
  t.match(stdout, /\n\d+ ok, \d+ notes?, \d+ warnings?, \d+ problems?: .*\n$/);
});

t.test('--json has every finding and the summary, and the exit status follows the problems', async (t) => {
  const { status, stdout } = run('--json', '--no-fire');
  const { findings, summary } = JSON.parse(stdout) as { findings: Finding[]; summary: Record<string, number> };
  t.equal(status, summary['problem'] === 0 ? 0 : 1);
  t.equal(findings.filter(({ level }) => level === 'ok').length, summary['ok']);
  for (const { id, group, level, todo } of findings) {
    t.ok(id.startsWith(`${group}/`), id);
    t.equal(todo === '', level === 'ok', id);
  }
});

t.test('one process that is not served makes the exit status 1', async (t) => {
  const child = await startReady('/bin/sh', ['-c', 'echo ready; read line']);
  const { status, stdout } = run('-p', String(child.pid));
  t.equal(status, 1);
  t.match(stdout, /PROBLEM {2}process \d+ .* is not served/);
  await stop(child);
});

t.test('what is no process number is a wrong command line', async (t) => {
  for (const pid of ['0', 'x', '99999999999']) t.match(run('-p', pid), { status: 2, stderr: /process number/ }, pid);
});

t.test(
  'as nobody it says what is missing, and still answers',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const user = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', '-i', 'PATH=/usr/bin:/bin'];
    const { stdout, stderr, status } = spawnSync('setpriv', [...user, process.execPath, CLI, 'check'], {
      encoding: 'utf8',
    });
    t.equal(stderr, '');
    t.equal(status, 0, stdout);
    t.match(stdout, /warning {2}uid 65534 has no capability/);
    t.match(stdout, /not tested whether probes fire: only root may trace/);
  },
);

t.test('as root it says that probes fire, and leaves nothing behind', { skip: untraceable() }, async (t) => {
  const { status, stdout } = run();
  t.equal(status, 0, stdout);
  t.match(stdout, /^ {2}ok .*probes of polyprobe_node fire: function__entry \(\d+\)/m);
  const left = spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).stdout;
  t.notMatch(left, /node-exercise\.cjs/);
});
