/** Which files the tools attach to. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { view } from '../../core/tracer/present.js';
import type { Session } from '../../core/tracer/session.js';
import { Programs, scratch } from '../native/toolchain.js';
import { untraceable } from '../native/tracers.js';
import { Pattern, attach, compile, functionsOf, until } from './programs.js';

const callsOf = async (session: Session, file: string): Promise<number | undefined> =>
  functionsOf(view('calls', (await session.stop()).results, { top: 10_000 }), file).get('leaf')?.calls;

const skip = untraceable();
if (skip) t.plan(0, `skipped: ${skip}`);
else {
  const [one, other] = [new Programs('copy-one'), new Programs('copy-other')];
  const [onePath, otherPath] = [compile(one), compile(other)];
  /* No other process on the machine has a function in this file. */
  const file = `/app/copies-${process.pid}.js`;

  void t.test('two copies of the library in one tracer', async (t) => {
    const [a, b] = [await Pattern.start(t, onePath, file), await Pattern.start(t, otherPath, file)];
    const session = await attach(t, 'calls', { pids: [a.pid, b.pid] });
    t.equal(session.copies.length, 2);
    await Promise.all([a.do('repeat 300'), b.do('repeat 40')]);
    t.equal(await callsOf(session, file), 340);
  });

  void t.test('a copy that appears while it runs', async (t) => {
    const remarks: string[] = [];
    const session = await attach(t, 'calls', { library: one.library, onRemark: (text) => remarks.push(text) });
    const before = session.copies.length;
    const late = new Programs('copy-late');
    const pattern = await Pattern.start(t, compile(late), file);
    await until('another copy', () => session.copies.length > before);
    await session.settled();
    await pattern.do('repeat 60');
    t.equal(await callsOf(session, file), 60);
    t.ok(
      remarks.some((text) => text.includes(late.library)),
      remarks.join(),
    );
  });

  void t.test('a path with spaces, colons and wildcards, and a file that was deleted', async (t) => {
    const folder = join(scratch('copies'), 'a b:c,d*[x]"q');
    mkdirSync(folder);
    copyFileSync(one.library, join(folder, 'libpolyprobe.so'));
    copyFileSync(onePath, join(folder, 'pattern'));
    const pattern = await Pattern.start(t, join(folder, 'pattern'), file);
    const session = await attach(t, 'calls', { pids: [pattern.pid] });
    await pattern.do('repeat 21');
    t.equal(await callsOf(session, file), 21);

    rmSync(folder, { recursive: true });
    const again = await attach(t, 'calls', { pids: [pattern.pid] });
    await pattern.do('repeat 22');
    t.equal(await callsOf(again, file), 22);
  });

  void t.test('with -p nobody else is traced, nor even slowed down', async (t) => {
    const [a, b] = [await Pattern.start(t, onePath, file), await Pattern.start(t, onePath, file)];
    const session = await attach(t, 'calls', { pids: [a.pid] });
    t.equal(await b.armed('function__entry'), false);
    t.equal(await a.armed('function__entry'), true);
    await Promise.all([a.do('repeat 3'), b.do('repeat 4')]);
    t.equal(await callsOf(session, file), 3);
  });

  void t.test('a process in a container: other namespaces, another root', async (t) => {
    const root = join(scratch('container'), 'root');
    const needs = execFileSync('ldd', [onePath], { encoding: 'utf8' }).match(/\/[^\s)]+/g) ?? [];
    for (const path of [...needs, onePath]) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      copyFileSync(path, join(root, path));
    }
    // Without /proc, which isn't mounted there, the loader doesn't know the program's own folder.
    const args = [
      `LD_LIBRARY_PATH=${one.folder}`,
      'unshare',
      '-m',
      '-p',
      '-f',
      '--kill-child',
      'chroot',
      root,
      onePath,
      file,
    ];
    const pattern = await Pattern.start(t, 'env', ...args);
    const children = readFileSync(`/proc/${pattern.pid}/task/${pattern.pid}/children`, 'utf8');
    const session = await attach(t, 'calls', { pids: [Number(children)] });
    await pattern.do('repeat 33');
    t.equal(await callsOf(session, file), 33);
  });
}
