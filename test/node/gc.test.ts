/** gc__start and gc__done: one of each for every collection, in every isolate. */
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { countsOf } from '../harness/trace.js';
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
      if (str(arg0) == "mark-sweep") { @grown[pid, arg3 > arg2] = count(); }
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
