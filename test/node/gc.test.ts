/** gc__start and gc__done: one of each for every collection, in every isolate. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { drained, countsOf } from '../harness/trace.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const args = (forced: number, minor: number): string[] => [
  '--expose-gc',
  join(PROGRAMS, 'gc.js'),
  String(forced),
  String(minor),
];

t.test('every collection starts and ends, with a duration and a heap', async (t) => {
  const tracer = await isolated.attach(t, {
    gc__start: '@start[pid, tid, str(arg0), arg1] = count(); @at[tid] = nsecs; @no_heap[pid, arg2 == 0] = count();',
    gc__done: `@done[pid, tid, str(arg0), arg1] = count();
      @no_duration[pid, arg4 == 0] = count();
      // What the tracer measured holds what the provider did, and no more than a second more.
      @untrue[pid, arg4 > nsecs - @at[tid] || nsecs - @at[tid] - arg4 > 1000000000] = count();
      // What is freed and what the collector itself takes may be as much, when there is hardly anything to free.
      if (str(arg0) == "mark-sweep") { @grown[pid, arg3 > arg2 + 500000] = count(); }
      @absurd[pid, arg2 > 4000000000 || arg3 > 4000000000 || arg3 == 0] = count();`,
  });
  const { pid, code, stderr } = await isolated.run(args(20, 30));
  const maps = await tracer.stop();
  t.equal(code, 0, stderr);
  const start = countsOf(maps, '@start', pid);
  const done = countsOf(maps, '@done', pid);
  t.same(done, start, 'starts and ends are as many, by thread and kind');
  const kinds = (tid: (tid: number) => boolean): Record<string, number> => {
    const found: Record<string, number> = {};
    for (const [key, count] of Object.entries(done)) {
      const [thread, ...kind] = key.split(',');
      if (tid(Number(thread))) found[kind.join(',')] = (found[kind.join(',')] ?? 0) + count;
    }
    return found;
  };
  const [main, worker] = [kinds((tid) => tid === pid), kinds((tid) => tid !== pid)];
  t.equal(main['mark-sweep,1'], 20, 'forced collections of the main thread');
  t.equal(worker['mark-sweep,1'], 21, 'and of the worker');
  t.ok(main['scavenge,0']! > 30, `forced and other scavenges: ${main['scavenge,0']}`);
  t.ok(worker['scavenge,0']! > 31, `in the worker as well: ${worker['scavenge,0']}`);
  for (const map of ['@no_heap', '@no_duration', '@untrue', '@grown', '@absurd'])
    t.same(Object.keys(countsOf(maps, map, pid)), ['0'], map);
});

t.test('one of the two can be traced alone', async (t) => {
  for (const probe of ['gc__start', 'gc__done'] as const) {
    const tracer = await isolated.attach(t, { [probe]: '@fired[pid, tid == pid, str(arg0)] = count();' });
    const { pid } = await isolated.run(args(7, 0));
    const maps = await tracer.stop();
    t.equal(countsOf(maps, '@fired', pid)['1,mark-sweep'], 7, probe);
  }
});

/** Names of kinds, here and in Node's constants. */
const KINDS: Record<string, string> = {
  scavenge: 'minor',
  'minor-mark-sweep': 'minor',
  'mark-sweep': 'major',
  incremental: 'incremental',
  'weak-callbacks': 'weakcb',
};
const major = Number(process.versions.node.split('.')[0]);

for (const flags of [[], ...(major > 20 ? [['--minor-ms']] : [])])
  t.test(
    `collections are as many as Node's own observer saw, of each kind, in each thread ${flags.join()}`,
    async (t) => {
      const counted = (name: string): string => `if (@in[tid]) { @${name}[pid, tid, str(arg0)] = count(); }`;
      const tracer = await isolated.attach(t, {
        gc__start: counted('start'),
        gc__done: counted('done'),
        function__entry: 'if (str(arg2) == "begins") { @in[tid] = 1; } if (str(arg2) == "ends") { @in[tid] = 0; }',
      });
      const { pid, code, stdout, stderr } = await isolated.run([
        '--expose-gc',
        ...flags,
        join(PROGRAMS, 'gc-kinds.js'),
      ]);
      const maps = await tracer.stop();
      t.equal(code, 0, stderr);
      const start = countsOf(maps, '@start', pid);
      t.same(countsOf(maps, '@done', pid), start, 'starts and ends are as many');
      const threads = new Map<string, Record<string, number>>();
      for (const [key, count] of Object.entries(start)) {
        const [tid, kind] = key.split(',') as [string, string];
        const counts = threads.get(tid) ?? { minor: 0, major: 0, incremental: 0, weakcb: 0 };
        counts[KINDS[kind]!]! += count;
        threads.set(tid, counts);
      }
      const [main, ...workers] = JSON.parse(stdout.replace('told ', '')) as Record<string, number>[];
      t.same(threads.get(String(pid)), main, 'the main thread');
      threads.delete(String(pid));
      const sorted = (list: readonly object[]): string[] => list.map((counts) => JSON.stringify(counts)).sort();
      t.same(sorted([...threads.values()]), sorted(workers), 'the workers');
      t.ok(main!['minor']! > 2 && main!['major']! > 0, JSON.stringify(main));
      if (flags.length > 0)
        t.ok(
          Object.keys(start).some((key) => key.endsWith('minor-mark-sweep')),
          'of the other kind',
        );
    },
  );

t.test('tracers that come and go while a program does nothing but collect', async (t) => {
  const program = `
    const { Worker, isMainThread } = require('node:worker_threads');
    if (isMainThread) setInterval(() => { const worker = new Worker(__filename); setTimeout(() => worker.terminate(), 30); }, 100);
    let kept = [];
    const work = () => { for (let i = 0; i < 2000; i++) kept = i % 100 ? [kept, { i }] : []; setImmediate(work); };
    setInterval(() => gc(), 10);
    work();
    console.log('ready');`;
  const file = join(isolated.folder, 'collects.cjs');
  writeFileSync(file, program);
  const running = isolated.start(['--expose-gc', file]);
  t.teardown(() => running.child.kill('SIGKILL'));
  await running.line('ready');
  for (let i = 0; i < 4; i++) {
    const tracer = await isolated.attach(t, {
      gc__start: 'if (@on) { @start[pid, tid, str(arg0)] = count(); }',
      // Tracers come and go probe by probe: only in between are there both.
      gc__done:
        'if (@on) { @done[pid, tid, str(arg0)] = count(); } } interval:ms:20 { @ticks++; @on = @ticks > 3 && @ticks < 20;',
    });
    for (let i = 0; i < 30; i++) await drained(tracer);
    const maps = await tracer.stop();
    const start = countsOf(maps, '@start', running.pid);
    const done = countsOf(maps, '@done', running.pid);
    // One may be on its way when it begins to count, or ends.
    for (const key of new Set([...Object.keys(start), ...Object.keys(done)])) {
      const open = (start[key] ?? 0) - (done[key] ?? 0);
      t.ok(Math.abs(open) <= 1, `${key}: ${open} open`);
    }
    t.ok((start[`${running.pid},mark-sweep`] ?? 0) > 0, 'there was something to see');
  }
  t.equal(running.child.exitCode, null, 'it runs');
});
