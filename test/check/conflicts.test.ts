import { join } from 'node:path';
import { closeSync, copyFileSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import t from 'tap';
import { checkConflicts, scanProcesses, type ProcessConflicts } from '../../core/check/conflicts.js';
import { probesOfProcess } from '../../core/elf/process.js';
import { node, PRELOAD } from '../../core/runtimes/node.js';
import { TARGETS, buildMapper, buildProbes, startReady, stop } from '../elf/fixtures.js';
import { complaints, machine, marks } from './machine.js';

const found = (env: NodeJS.ProcessEnv, processes: ProcessConflicts[] = []): ReturnType<typeof checkConflicts> =>
  checkConflicts(machine({ env, files: { '/lib/there.so': '' } }), [node], processes);

t.test('a plain environment has no conflicts', async (t) => {
  t.strictSame(marks(found({})), ['ok conflicts/none']);
  t.strictSame(marks(found({ NODE_OPTIONS: `--require=${PRELOAD} --max-old-space-size=100` })), ['ok conflicts/none']);
});

t.test('options of Node.js that keep the native part out are told', async (t) => {
  t.match(found({ NODE_OPTIONS: '--no-addons' }), [
    { level: 'warning', what: /--no-addons/, todo: /take --no-addons out/ },
  ]);
  t.match(found({ NODE_OPTIONS: '--permission' }), [
    { what: /--permission without --allow-addons/, todo: /--allow-fs-read=/ },
  ]);
  t.strictSame(complaints(found({ NODE_OPTIONS: '--permission --allow-addons' })), []);
});

t.test('a preload that is not there stops every Node.js', async (t) => {
  for (const options of [
    '-r /no/such.js',
    '--require=/no/such.js',
    '--import file:///no/such.js',
    '--require="/no/such.js"',
  ])
    t.match(found({ NODE_OPTIONS: options }), [{ what: /loads \/no\/such\.js, which isn't there/ }], options);
});

t.test('another installation of polyprobe is told', async (t) => {
  const folder = t.testdir({ polyprobe: { dist: { 'preload.cjs': '' } } });
  t.match(found({ NODE_OPTIONS: `-r ${folder}/polyprobe/dist/preload.cjs` }), [
    { what: /another installation of polyprobe/ },
  ]);
});

t.test('being switched off is told', async (t) => {
  t.match(found({ POLYPROBE: 'off' }), [{ what: 'POLYPROBE=off switches polyprobe off', todo: 'unset POLYPROBE' }]);
});

t.test('LD_PRELOAD is worth a note, and a warning when it names nothing', async (t) => {
  t.strictSame(marks(found({ LD_PRELOAD: '/lib/there.so /lib/gone.so' })), [
    'note conflicts/ld-preload',
    'warning conflicts/ld-preload',
  ]);
});

t.test('what running processes have is told with their number', async (t) => {
  const processes = [{ pid: 9, command: 'python3 app.py', raised: ['python:line'], twice: ['demo:one'] }];
  const all = found({}, processes);
  t.strictSame(marks(all), ['warning conflicts/semaphore-9', 'warning conflicts/twice-9']);
  t.match(all[0], { what: /process 9 \(python3 app\.py\): left switched on .*python:line$/, todo: /kill 9$/ });
});

t.test('a probe that two files of a real process declare differently is found', async (t) => {
  const dir = t.testdir({});
  const mapper = buildMapper(dir);
  const library = buildProbes(dir, 'libdemo.so', TARGETS['64-bit x86']!);
  const other = join(dir, 'libother.so');
  const bytes = readFileSync(library);
  bytes.write('4', bytes.indexOf('8@16(%rsp)'), 'latin1');
  writeFileSync(other, bytes);
  const copy = join(dir, 'libcopy.so');
  copyFileSync(library, copy);
  const alike = await startReady(mapper, [library, copy]);
  t.strictSame(scanProcesses(alike.pid), [], 'the same twice is harmless');
  await stop(alike);
  const both = await startReady(mapper, [library, other]);
  t.match(scanProcesses(both.pid), [{ pid: both.pid, twice: ['demo:counted'], raised: [] }]);
  await stop(both);
});

const python = '/usr/bin/python3.11';
const skip = !existsSync(python) ? `needs ${python}` : process.getuid?.() !== 0 ? 'needs root' : false;

t.test('a semaphore that a tracer left raised in a real process is found', { skip }, async (t) => {
  const child = await startReady(python, ['-u', '-c', 'import sys; print("ready"); sys.stdin.read()']);
  t.strictSame(scanProcesses(child.pid), []);
  const [file] = probesOfProcess(child.pid).files.filter(({ path }) => path === python);
  const line = file!.probes.find(({ name }) => name === 'line')!;
  const memory = openSync(`/proc/${child.pid}/mem`, 'r+');
  writeSync(memory, Buffer.from([1, 0]), 0, 2, Number(file!.base! + line.semaphore));
  closeSync(memory);
  t.match(scanProcesses(child.pid), [{ pid: child.pid, command: `${python} -u`, raised: ['python:line'], twice: [] }]);
  t.ok(
    scanProcesses().some(({ pid }) => pid === child.pid),
    'among all processes too',
  );
  await stop(child);
});

t.test('a process that is gone has no conflicts, nor has a system without /proc', async (t) => {
  t.strictSame(scanProcesses(2 ** 22 + 1), []);
  t.strictSame(scanProcesses(undefined, '/no/such/proc'), []);
});
