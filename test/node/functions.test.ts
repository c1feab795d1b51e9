import t from 'tap';
import { runNode } from '../harness/node.js';
import { attach, countsOf, totalOf } from '../harness/trace.js';

/** Functions that the program doesn't count itself. */
const UNCOUNTED = ['count', '<anonymous>'];

t.test('each function is told as often as it ran, and each entry has its return', async (t) => {
  const tracer = await attach(t, {
    function__entry: '@entry[pid, str(arg2), arg5] = count();',
    function__return: '@return[pid, str(arg2), arg5] = count();',
  });
  const { pid, code, stdout } = await runNode('functions.js');
  const maps = await tracer.stop();
  t.equal(code, 0);
  const ran = JSON.parse(stdout) as Record<string, number>;
  const entries = countsOf(maps, '@entry', pid);
  const returns = countsOf(maps, '@return', pid);
  const told = (name: string, kind: number): number => entries[`${name},${kind}`] ?? 0;
  const left = (name: string, how: number): number => returns[`${name},${how}`] ?? 0;

  const calls: Record<string, number> = {};
  for (const name of Object.keys(ran)) calls[name] = told(name, 0);
  t.same(calls, ran, 'calls');
  for (const name of [...Object.keys(ran), ...UNCOUNTED])
    t.equal(
      told(name, 0) + told(name, 1),
      left(name, 0) + left(name, 1) + left(name, 2),
      `entries of ${name} equal its returns`,
    );
  t.equal(totalOf(maps, '@entry', pid), totalOf(maps, '@return', pid));

  t.equal(left('deep', 2), 210, 'an exception unwinds every frame that it leaves');
  t.equal(left('sell', 2), 40, 'and none that it does not');
  t.equal(left('guarded', 0), 100, 'a caught exception ends where it is caught');
  t.equal(left('numbers', 1), 50, 'a generator is suspended at each yield');
  t.equal(told('numbers', 1), 50, 'and resumed as often');
  t.equal(left('later', 2), 20, 'a rejected async function is unwound');
  t.equal(left('later', 0), 180);
  t.equal(left('later', 1), told('later', 1), 'an async function is resumed as often as it was suspended');
});

t.test('returns alone can be traced', async (t) => {
  const tracer = await attach(t, { function__return: '@return[pid, str(arg2)] = count();' });
  const { pid } = await runNode('functions.js');
  const maps = await tracer.stop();
  t.equal(countsOf(maps, '@return', pid)['fib'], 1973);
});
