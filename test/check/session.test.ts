import { chmodSync } from 'node:fs';
import t from 'tap';
import { exercise, look, type Subject } from '../../core/check/session.js';
import { LIBRARY } from '../../core/paths.js';
import { environment } from '../../core/runtimes/index.js';

const subject = (source: string, changes: Partial<Subject> = {}): Subject => ({
  command: process.execPath,
  args: ['-e', source],
  env: { PATH: process.env['PATH'] },
  wanted: () => true,
  ...changes,
});
const GOOD = 'console.log("ready"); process.stdin.on("data", () => console.log("done"))';

t.test('a program that cannot be started is told', async (t) => {
  t.match(await look(subject('', { command: '/no/such/program' })), { error: /ended early: .*ENOENT/ });
});

t.test('a program that ends before it is ready is told in its last words', async (t) => {
  t.match(await look(subject('console.error("one"); console.error("two"); process.exit(3)')), {
    error: `${process.execPath} ended early: two`,
  });
});

t.test('a program without probes has none', async (t) => {
  t.strictSame(await look(subject(GOOD, { wanted: () => false })), []);
  t.strictSame(await exercise(subject(GOOD, { wanted: () => false }), '/no/such/bpftrace'), { probes: [] });
});

t.test('a program that hangs is killed, before it is ready and after', async (t) => {
  t.match(await look(subject('process.on("SIGTERM", () => {}); setInterval(() => {}, 1e9)'), 500), {
    error: /did not answer in time$/,
  });
  const deaf = subject('console.log("ready"); setInterval(() => {}, 1e9)', { wanted: () => false });
  t.strictSame(await look(deaf, 500), [], 'it does not end with its input');
});

const ours = subject(GOOD, {
  env: { PATH: process.env['PATH'], ...environment({ functions: true }, {}) },
  wanted: (probe) => probe.provider === 'polyprobe_node',
});

t.test('a tracer that cannot be started, or fails, is told', async (t) => {
  const probes = await look(ours);
  t.match(probes, [{ provider: 'polyprobe_node', path: LIBRARY }]);
  t.match(await exercise(ours, '/no/such/bpftrace'), { error: /bpftrace ended early: .*ENOENT/ });
  t.match(await exercise(ours, '/bin/false'), { error: 'bpftrace ended early: it said nothing' });
});

t.test('a tracer that hangs is killed', async (t) => {
  const folder = t.testdir({ bpftrace: '#!/bin/sh\nexec sleep 1000\n' });
  chmodSync(`${folder}/bpftrace`, 0o755);
  t.match(await exercise(ours, `${folder}/bpftrace`, 3000), { error: 'bpftrace did not answer in time' });
});
