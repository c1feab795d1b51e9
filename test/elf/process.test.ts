import { spawn, execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mappedFiles } from '../../core/elf/maps.js';
import { readProbes } from '../../core/elf/notes.js';
import { probesOfProcess, type ProcessFile } from '../../core/elf/process.js';
import { TARGETS, asNobody, buildMapper, buildProbes, killNow, startReady, stop, until } from './fixtures.js';

const dir = t.testdir({});
chmodSync(dir, 0o755);
const library = buildProbes(dir, 'libdemo.so', TARGETS['64-bit x86']!);
const mapper = buildMapper(dir);
const asRoot = process.geteuid?.() === 0 ? false : 'only root may do this';
const named = (files: readonly ProcessFile[], name: string): ProcessFile => {
  const file = files.find((file) => file.path.endsWith(name));
  if (!file) throw new Error(`${name} is not among ${files.map((file) => file.path).join(' ')}`);
  return file;
};

t.test('the probes of a mapped file are found at their run-time addresses, not armed', async (t) => {
  const child = await startReady(mapper, [library]);
  const { files } = probesOfProcess(child.pid);
  const file = named(files, 'libdemo.so');
  const [mapping] = mappedFiles(child.pid).find((file) => file.path === library)!.mappings;
  t.strictSame(
    file.probes.map(({ runtimeAddress, armed, ...probe }) => [probe, runtimeAddress, armed]),
    readProbes(library).probes.map((probe) => [probe, mapping!.start + BigInt(probe.offset!), false]),
  );
  t.equal(file.hostPath, `/proc/${child.pid}/root${library}`);
  t.equal(file.identity, 'exact');
  t.equal(file.error, undefined);
  t.equal(named(files, 'mapper').base, 0n, 'a static program is at its own addresses');
  await stop(child);
});

const own = probesOfProcess(process.pid).files.find((file) => file.path.includes('libstdc++'));
const linked = own ? false : 'this node is linked statically with libstdc++';
t.test('the base of a library is what the dynamic linker added', { skip: linked }, async (t) => {
  t.ok(own!.probes.length > 0);
  for (const probe of own!.probes) t.equal(probe.runtimeAddress, own!.base! + probe.address);
});

t.test('a deleted file and a nameless one are read', { skip: asRoot }, async (t) => {
  const copy = join(dir, 'libgone.so');
  copyFileSync(library, copy);
  const child = await startReady(mapper, [copy, `memfd:${library}`]);
  rmSync(copy);
  const { files } = probesOfProcess(child.pid);
  const gone = named(files, 'libgone.so');
  t.equal(gone.deleted, true);
  t.equal(gone.memfd, false);
  t.equal(gone.probes.length, 4);
  const nameless = named(files, '/memfd:libpolyprobe.so');
  t.equal(nameless.memfd, true);
  t.equal(nameless.probes.length, 4);
  t.strictSame(readProbes(gone.hostPath!).probes, readProbes(library).probes);
  await stop(child);
});

t.test('a file that is really called "(deleted)" is read by its name', async (t) => {
  const copy = join(dir, 'libodd.so (deleted)');
  copyFileSync(library, copy);
  const child = await startReady(mapper, [copy]);
  const file = named(probesOfProcess(child.pid).files, 'libodd.so');
  t.equal(file.hostPath, `/proc/${child.pid}/root${copy}`);
  t.equal(file.probes.length, 4);
  await stop(child);
});

t.test('a file that was deleted and replaced is not taken for the new one', { skip: asRoot }, async (t) => {
  const copy = join(dir, 'libnew.so');
  copyFileSync(library, copy);
  const child = await startReady(mapper, [copy]);
  rmSync(copy);
  copyFileSync('/etc/passwd', copy);
  const file = named(probesOfProcess(child.pid).files, 'libnew.so');
  t.equal(file.probes.length, 4);
  await stop(child);
});

t.test('a file in another file system is opened through the process', { skip: asRoot }, async (t) => {
  const root = join(dir, 'root');
  mkdirSync(root);
  copyFileSync(mapper, join(root, 'mapper'));
  copyFileSync(library, join(root, 'libinside.so'));
  const child = await startReady('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    'chroot',
    root,
    '/mapper',
    '/libinside.so',
  ]);
  const inner = Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' }));
  const file = named(probesOfProcess(inner).files, 'libinside.so');
  t.equal(file.probes.length, 4);
  t.strictSame(readProbes(file.hostPath!).probes, readProbes(library).probes);
  await stop(child);
});

t.test('a file that is no program is reported with its reason, and the others are read', async (t) => {
  const child = await startReady(mapper, ['/etc/passwd', library]);
  const { files } = probesOfProcess(child.pid);
  t.match(named(files, 'passwd').error, { code: 'not-elf', file: '/etc/passwd' });
  t.equal(named(files, 'libdemo.so').probes.length, 4);
  await stop(child);
});

t.test('a process that ends while it is read is gone, not empty', async (t) => {
  const child = await startReady(mapper, [library]);
  const { pid } = child;
  const only = (): boolean => (killNow(pid), true);
  t.throws(() => probesOfProcess(pid, { only }), { name: 'ProcessError', code: 'gone', pid });
  await stop(child);
  t.throws(() => probesOfProcess(pid), { code: 'gone' });
});

t.test('a process of somebody else is refused as such', { skip: asRoot }, async (t) => {
  const child = await startReady(mapper, [library]);
  const script = `
    const { probesOfProcess } = await import(${JSON.stringify(new URL('../../core/elf/process.js', import.meta.url).href)});
    try { probesOfProcess(${child.pid}); } catch (error) { console.log(error.name, error.code); }`;
  t.equal(asNobody(script), 'ProcessError no-permission');
  await stop(child);
});

t.test(
  'a tracer that attaches arms its site alone, and leaves none armed',
  {
    skip: asRoot || (existsSync('/usr/bin/bpftrace') ? false : 'bpftrace is not installed'),
  },
  async (t) => {
    const child = await startReady(mapper, [library]);
    const armed = (): string[] =>
      named(probesOfProcess(child.pid).files, 'libdemo.so')
        .probes.filter((probe) => probe.armed)
        .map((probe) => probe.name);
    t.strictSame(armed(), []);
    const tracer = spawn(
      'bpftrace',
      [
        '-p',
        String(child.pid),
        '-e',
        `usdt:${library}:demo:operands { }
    usdt:${library}:demo:none { }`,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let said = '';
    for (const stream of [tracer.stdout, tracer.stderr]) stream.on('data', (data) => (said += String(data)));
    try {
      await until('bpftrace attaches', () => said.includes('Attaching') || tracer.exitCode !== null);
      t.match(said, /Attaching/);
      await until('both sites are armed', () => armed().length === 2);
      t.strictSame(armed(), ['operands', 'none']);
    } finally {
      await stop(tracer, 'SIGINT');
    }
    await until('no site is armed', () => armed().length === 0);
    t.strictSame(armed(), []);
    await stop(child);
  },
);
