/**
 * Ways to run a program, each compared with the same without us, and each function counted exactly.
 *
 * All run under one tracer; counts are asked for by pid: the program's own, and those of the children whose `pid N` it prints.
 */
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { PROGRAMS, type Outcome } from '../harness/node.js';
import { countsOf, type Counts } from '../harness/trace.js';
import { startAs, type Isolated } from './isolated.js';

/** First number of the version that runs the tests. */
export const MAJOR = Number(process.versions.node.split('.')[0]);

export interface Way {
  /** Node's arguments. */
  readonly args: readonly string[];
  readonly stdin?: string;
  /** What it says when its standard input may end. */
  readonly until?: string;
  /** In `programs/`. */
  readonly folder?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Calls of each function of the program, by its name; others aren't looked at. */
  readonly calls: Readonly<Record<string, number>>;
  /** Where functions are, by their names: `file:line`. */
  readonly lines?: Readonly<Record<string, string>>;
  /** What else is to be so. */
  readonly check?: (t: Test, ours: Outcome, maps: Map<string, Counts>) => void;
  /** First number of the oldest version that knows it. */
  readonly since?: number;
  /** It runs once more, with what the first run has left. */
  readonly twice?: boolean;
}

const ACTIONS = {
  function__entry: '@entry[pid, str(arg2)] = count(); @lines[pid, str(arg2), str(arg3), arg4] = count();',
  function__return: '@return[pid, str(arg2)] = count();',
};

/** What may differ between two runs of one program: process numbers, and times. */
const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({
  code,
  signal,
  stdout: stdout.replace(/^((?:# )?pid) \d+$/gm, '$1').replace(/\b(duration_ms:?) [\d.]+|\([\d.]+ms\)/g, 'TIME'),
  stderr: stderr.replace(/^\(node:\d+\)/gm, '(node)'),
});

/** The process and those of its children that it names. */
export const pidsOf = ({ pid, stdout }: Outcome): Set<number> =>
  new Set([pid, ...[...stdout.matchAll(/^(?:# )?pid (\d+)$/gm)].map(([, other]) => Number(other))]);

async function run(isolated: Isolated, way: Way, provider: boolean): Promise<Outcome> {
  // A cache of its own: what another version of the instrumenter has left isn't looked at.
  const extra = { POLYPROBE_CACHE: join(isolated.folder, 'cache'), ...way.env };
  const env = provider ? isolated.env(extra) : isolated.plainEnv(extra);
  const running = startAs(process.execPath, way.args, env, join(PROGRAMS, way.folder ?? '.'));
  running.child.stdin!.on('error', () => undefined).write(way.stdin ?? '');
  if (way.until !== undefined) await running.line(way.until);
  running.child.stdin!.end();
  return running.done;
}

function compare(t: Test, way: Way, plain: Outcome, ours: Outcome, maps: Map<string, Counts>): void {
  t.same(said(ours), said(plain), 'it is as without us');
  // Functions may be called `constructor`.
  const [entries, returns] = [Object.create(null), Object.create(null)] as [
    Record<string, number>,
    Record<string, number>,
  ];
  for (const [map, counts] of [
    ['@entry', entries],
    ['@return', returns],
  ] as const)
    for (const pid of pidsOf(ours))
      for (const [name, count] of Object.entries(countsOf(maps, map, pid))) counts[name] = (counts[name] ?? 0) + count;
  const asked = Object.fromEntries(Object.keys(way.calls).map((name) => [name, entries[name] ?? 0]));
  t.same(asked, way.calls, `calls, of ${JSON.stringify(entries)}`);
  t.same(returns, entries, 'each call returns');
  for (const [name, place] of Object.entries(way.lines ?? {})) {
    const places = [...pidsOf(ours)]
      .flatMap((pid) => Object.keys(countsOf(maps, '@lines', pid)))
      .filter((key) => key.startsWith(`${name},`))
      .map((key) => key.split(',').slice(1));
    t.same(
      places.map(([file, line]) => `${basename(file!)}:${line}`),
      [place],
      `where ${name} is`,
    );
  }
  way.check?.(t, ours, maps);
}

/** Runs all of them and compares. */
export async function everyWay(t: Test, isolated: Isolated, ways: Readonly<Record<string, Way>>): Promise<void> {
  const tracer = await isolated.attach(t, ACTIONS);
  const runs: [name: string, way: Way, plain: Outcome, ours: Outcome][] = [];
  for (const [name, way] of Object.entries(ways)) {
    if (MAJOR < (way.since ?? 0)) continue;
    const plain = await run(isolated, way, false);
    runs.push([name, way, plain, await run(isolated, way, true)]);
    if (way.twice) runs.push([`${name}, again`, way, plain, await run(isolated, way, true)]);
  }
  const maps = await tracer.stop();
  for (const [name, way, plain, ours] of runs)
    await t.test(name, (t) => {
      compare(t, way, plain, ours, maps);
      t.end();
    });
}
