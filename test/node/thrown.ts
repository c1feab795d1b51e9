/** What exception__thrown told of a program's run, for tests. */
import type { Test } from 'tap';
import type { Outcome } from '../harness/node.js';
import { drained, type Counts } from '../harness/trace.js';
import { startAs, type Isolated } from './isolated.js';

/** One event. */
export interface Thrown {
  readonly tid: number;
  readonly class: string;
  readonly message: string;
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

const ACTIONS = {
  exception__thrown: `printf("%lu\\t%d\\t%d\\t%s\\t%s\\t%s\\t%s\\t%d\\n", nsecs, pid, tid, str(arg1), str(arg2), str(arg3), str(arg4), arg5);
    @thrown[pid] = count();`,
};

const eventOf = ([, , tid, name, message, fn, file, line]: string[]): Thrown => ({
  tid: Number(tid),
  class: name!,
  message: message!,
  function: fn!,
  file: file!,
  line: Number(line),
});

/** Runs programs, one after the other, with one tracer there from before the first starts until after the last ends. */
export async function runTraced(
  t: Test,
  isolated: Isolated,
  commands: readonly (readonly string[])[],
  { node = process.execPath, env = isolated.env(), cwd = isolated.folder } = {},
): Promise<(Outcome & { events: Thrown[] })[]> {
  const tracer = await isolated.attach(t, ACTIONS);
  const outcomes: Outcome[] = [];
  for (const args of commands) {
    const running = startAs(node, args, env, cwd);
    running.child.stdin!.end();
    outcomes.push(await running.done);
  }
  await drained(tracer);
  const counted: Counts = (await tracer.stop()).get('@thrown') ?? new Map<string, number>();
  const lines = tracer
    .printed()
    .join('')
    .split('\n')
    .map((line) => line.split('\t'))
    .filter((parts) => parts.length > 2)
    .sort(([a], [b]) => (BigInt(a!) < BigInt(b!) ? -1 : 1));
  return outcomes.map((outcome) => {
    const own = lines.filter((parts) => Number(parts[1]) === outcome.pid);
    t.equal(own.length, counted.get(String(outcome.pid)) ?? 0, 'all that was counted was printed');
    return { ...outcome, events: own.map(eventOf) };
  });
}

/** `class|message|function|line`. */
export const shown = (event: Thrown): string =>
  [event.class, event.message, event.function, String(event.line)].join('|');
