import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { listProcesses, type ProcessListOptions, type TraceableProcess } from '../../core/elf/processes.js';
import { TARGETS, asNobody, buildMapper, buildProbes, killNow, startReady, stop } from './fixtures.js';

const dir = t.testdir({});
chmodSync(dir, 0o755);
const library = buildProbes(dir, 'libpolyprobe.so.1', TARGETS['64-bit x86']!);
const mapper = buildMapper(dir);
const asRoot = process.geteuid?.() === 0 ? false : 'only root may do this';
const find = (pid: number, options?: ProcessListOptions): TraceableProcess | undefined =>
  listProcesses(options).processes.find((process) => process.pid === pid);

t.test('a process that maps the library is listed with all that is known of it', async (t) => {
  const odd = join(dir, 'a\u009bodd\nname');
  copyFileSync(library, odd);
  const child = await startReady(mapper, [library, odd]);
  const found = find(child.pid, {
    recognise: ({ exe, argv, maps }) => {
      if (exe !== mapper) return undefined;
      t.strictSame(argv, [mapper, library, odd]);
      t.ok(maps.includes(library) && maps.includes(odd) && maps.includes(mapper));
      return { runtime: 'mapper', version: '1', program: argv[1]! };
    },
  })!;
  t.match(found, {
    pid: child.pid,
    ppid: process.pid,
    uid: process.geteuid!(),
    exe: mapper,
    cwd: process.cwd(),
    runtime: 'mapper',
    version: '1',
    program: library,
    armed: [],
  });
  t.equal(found.commandLine, `${mapper} ${library} ${dir}/a\\x9bodd\\nname`);
  t.equal(found.copies.length, 1, 'only what has the name is a copy of the library');
  t.match(found.copies[0], {
    path: library,
    hostPath: `/proc/${child.pid}/root${library}`,
    deleted: false,
    armed: [],
    error: undefined,
  });
  t.match(found.copies[0]!.buildId, /^[0-9a-f]{40}$/);
  await stop(child);
});

t.test('a process that does not map it is not listed', async (t) => {
  const child = await startReady(mapper, []);
  t.equal(find(child.pid), undefined);
  await stop(child);
  t.equal(find(process.pid), undefined);
});

t.test('two copies in one process are both told', async (t) => {
  mkdirSync(join(dir, 'other'));
  const second = join(dir, 'other', 'libpolyprobe.so');
  copyFileSync(library, second);
  const child = await startReady(mapper, [library, second, `memfd:${library}`]);
  const paths = find(child.pid)!.copies.map((copy) => copy.path);
  t.strictSame(new Set(paths), new Set([library, second, '/memfd:libpolyprobe.so']));
  await stop(child);
});

t.test('a process in namespaces of its own shows them', { skip: asRoot }, async (t) => {
  const root = join(dir, 'root');
  mkdirSync(root);
  copyFileSync(mapper, join(root, 'mapper'));
  copyFileSync(library, join(root, 'libpolyprobe.so'));
  const child = await startReady('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    'chroot',
    root,
    '/mapper',
    '/libpolyprobe.so',
  ]);
  const inner = Number(execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' }));
  const found = find(inner)!;
  t.match(found.container, /^ns:\d+$/);
  // chroot(2) makes no new root mount, so that the kernel still tells the whole path.
  t.match(found.copies[0]!.path, /\/libpolyprobe\.so$/);
  t.not(found.copies[0]!.hostPath, undefined);
  await stop(child);
});

t.test('a service with a mount namespace alone is not taken for a container', { skip: asRoot }, async (t) => {
  const child = await startReady('unshare', ['--mount', mapper, library]);
  t.equal(find(child.pid)!.container, undefined);
  await stop(child);
});

t.test('a process that ends while it is looked at is left out', async (t) => {
  const child = await startReady(mapper, [library]);
  const { pid } = child;
  let asked = false;
  const recognise = ({ exe }: { exe: string }): undefined => {
    if (exe !== mapper) return;
    asked = true;
    killNow(pid);
  };
  const { processes } = listProcesses({ recognise });
  t.equal(asked, true);
  t.equal(
    processes.find((process) => process.pid === pid),
    undefined,
  );
  await stop(child);
});

t.test('processes of others are counted, not listed', { skip: asRoot }, async (t) => {
  const child = await startReady(mapper, [library]);
  const script = `
    const { listProcesses } = await import(${JSON.stringify(new URL('../../core/elf/processes.js', import.meta.url).href)});
    const { processes, unreadable } = listProcesses();
    console.log(processes.some((process) => process.pid === ${child.pid}), unreadable > 0);`;
  t.equal(asNobody(script), 'false true');
  await stop(child);
});

t.test('a system without /proc is told so', async (t) => {
  t.throws(() => listProcesses({ proc: '/no/such/proc' }), {
    name: 'ProcessError',
    code: 'unavailable',
  });
});
