/**
 * How processes and threads begin and end: the same as without us, while every function is traced; each call that was entered
 * is left, whatever ended it.
 */
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS, type Outcome } from '../harness/node.js';
import { countsOf, totalOf, type Counts } from '../harness/trace.js';
import { Isolated, startAs } from './isolated.js';

const isolated = new Isolated(t);
const program = join(PROGRAMS, 'processes.js');
const ACTIONS = {
  function__entry: '@entry[pid, str(arg2)] = count(); @entries[pid, tid] = count();',
  function__return: '@return[pid, str(arg2), arg5] = count(); @returns[pid, tid] = count();',
};

async function run(mode: string, provider: boolean): Promise<Outcome> {
  const running = startAs(process.execPath, [program, mode], provider ? isolated.env() : isolated.plainEnv(), PROGRAMS);
  running.child.stdin!.end();
  return running.done;
}

const pidsOf = ({ pid, stdout }: Outcome): number[] => [
  pid,
  ...[...stdout.matchAll(/^pid (\d+)$/gm)].map(([, other]) => Number(other)),
];
/** Nothing but pids may differ; and what Node shows of the source above an uncaught error (see transparency.test.ts). */
const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({
  code,
  signal,
  stdout: stdout.replace(/^pid \d+$/gm, 'pid'),
  stderr: stderr
    .replace(/^(.*processes\.js:\d+)\n.*\n *\^\n/m, '$1\n')
    // What Node prints of the stack when it aborts, it writes without asking JavaScript.
    .replace(/^( *\d+: .*processes\.js:\d+):\d+(?=\)?$)/gm, '$1')
    .replace(/^( *\d+: )0x[\da-f]+/gm, '$1address'),
});

const of = (maps: Map<string, Counts>, pid: number, name: string): number => countsOf(maps, '@entry', pid)[name] ?? 0;
const returns = (maps: Map<string, Counts>, pid: number, name: string, how: number): number =>
  countsOf(maps, '@return', pid)[`${name},${how}`] ?? 0;

interface Expected {
  /** Calls of `work`, in each process in the order of their pids' appearance. */
  readonly work?: readonly number[];
  readonly deep?: { readonly entries: number; readonly unwound: number };
  /** It ends without a chance to say a word. */
  readonly cut?: boolean;
  readonly check?: (t: (typeof import('tap'))['default'], maps: Map<string, Counts>, ours: Outcome) => void;
}

const MODES: Record<string, Expected> = {
  children: { work: [5, 10, 20, 40, 50, 60] },
  cluster: {
    check(t, maps, ours) {
      const calls = pidsOf(ours)
        .slice(1)
        .map((pid) => of(maps, pid, 'work'));
      t.equal(calls.length, 3);
      t.equal(
        calls.reduce((sum, count) => sum + count, 0),
        120,
        `shared as ${calls.join(', ')}`,
      );
    },
  },
  workers: { work: [1000] },
  terminated: {},
  workerExit: { deep: { entries: 11, unwound: 11 } },
  workerThrows: { deep: { entries: 11, unwound: 11 } },
  exit: { deep: { entries: 11, unwound: 11 } },
  exitHandler: { deep: { entries: 6, unwound: 6 }, work: [3] },
  abort: { deep: { entries: 11, unwound: 0 }, cut: true },
  // Node runs what is to run at the exit before it kills itself.
  kill: { deep: { entries: 11, unwound: 11 } },
  term: { deep: { entries: 4, unwound: 4 } },
  unhandledTerm: { deep: { entries: 11, unwound: 11 } },
  uncaught: { deep: { entries: 11, unwound: 11 } },
  handlerThrows: { deep: { entries: 15, unwound: 15 } },
  caughtLast: { deep: { entries: 4, unwound: 4 }, work: [5] },
  rejection: {},
  overflow: { work: [10] },
  recursion: {
    check(t, maps, { pid }) {
      t.equal(returns(maps, pid, 'deeper', 0), 5001 + (200 * 201) / 2);
    },
  },
};

t.test('processes and threads begin and end as ever, with every call accounted for', async (t) => {
  const tracer = await isolated.attach(t, ACTIONS);
  const runs: [mode: string, plain: Outcome, ours: Outcome][] = [];
  for (const mode of Object.keys(MODES)) runs.push([mode, await run(mode, false), await run(mode, true)]);
  const maps = await tracer.stop();
  for (const [mode, plain, ours] of runs)
    await t.test(mode, async (t) => {
      t.same(said(ours), said(plain), 'same output and end');
      const { work, deep, cut, check } = MODES[mode]!;
      const pids = pidsOf(ours);
      t.ok(totalOf(maps, '@entries', ours.pid) > 0, 'it was traced');
      if (!cut)
        for (const pid of pids)
          t.same(
            countsOf(maps, '@returns', pid),
            countsOf(maps, '@entries', pid),
            'as many returns as entries on each thread',
          );
      if (work) t.same(pids.map((pid) => of(maps, pid, 'work')).slice(0, work.length), work, 'calls of work');
      if (deep) {
        t.equal(of(maps, ours.pid, 'deep'), deep.entries, 'calls of deep');
        t.equal(returns(maps, ours.pid, 'deep', 2), deep.unwound, 'unwound');
      }
      check?.(t as never, maps, ours);
    });
});

t.test('they end the same without a tracer', async (t) => {
  for (const mode of Object.keys(MODES)) t.same(said(await run(mode, true)), said(await run(mode, false)), mode);
});
