/** exception__thrown of values that don't want to be looked at, and at times when nothing is possible. */
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS, start } from '../harness/node.js';
import { Isolated } from './isolated.js';
import { runTraced } from './thrown.js';

const isolated = new Isolated(t);
const args = ['--expose-gc', join(PROGRAMS, 'thrown-hostile.js')];

t.test('no code of the program runs, nothing crashes, and each is told', async (t) => {
  const plain = await start(process.execPath, args, { env: isolated.plainEnv() }).done;
  const tracer = await isolated.attach(t, {
    exception__thrown: `if (str(arg3) == "thrower") { @thrower[pid] = count(); @classes[pid, str(arg1)] = count(); }
      @messages[pid, str(arg2)] = count();`,
  });
  const ours = await isolated.run(args);
  const maps = await tracer.stop();
  t.same([ours.stdout, ours.stderr, ours.code, ours.signal], [plain.stdout, '', 0, null]);
  const { thrown, ran } = JSON.parse(plain.stdout.split('\n')[0]!) as Record<string, number>;
  t.equal(ran, 0);
  t.equal(maps.get('@thrower')?.get(String(ours.pid)), thrown);
  const seen = (map: string, key: string): number => maps.get(map)?.get(`${ours.pid},${key}`) ?? 0;
  for (const name of ['NamedByGetter', 'Proxy', 'Far', 'TypeError', 'AggregateError', 'bigint', 'symbol', 'Function'])
    t.ok(seen('@classes', name) > 0, name);
  for (const message of ['far', 'sealed', 'frozen', 'realm', 'nul', '0', 'finalized', 'at exit'])
    t.ok(seen('@messages', message) > 0, message);
  const huge = [...(maps.get('@messages') ?? [])].filter(([key]) => key.startsWith(`${ours.pid},xxxxxxxx`));
  t.ok(huge.length > 0, 'a huge message, as far as it is read');
});

t.test('what is thrown while the process ends is told', async (t) => {
  const [run] = await runTraced(t, isolated, [['-e', 'process.on("exit", () => { throw new Error("last") })']]);
  t.equal(run!.code, 1);
  t.match(run!.stderr, /Error: last/);
  t.same(
    run!.events.map(({ message }) => message),
    ['last'],
  );
});
