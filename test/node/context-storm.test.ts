/** Request ids under load: ten thousand interleaved requests, every event of each with the right one. */
import t from 'tap';
import { countsOf, until, type Counts } from '../harness/trace.js';
import { ACTIONS, ask, hitsOf, hooked, mistakes, startStorm, writeWorks } from './context-storm.js';
import { Isolated } from './isolated.js';
import { certificate } from './traffic.js';

const isolated = new Isolated(t);
const REQUESTS = Number(process.env['POLYPROBE_TEST_REQUESTS'] ?? 10_000);
const works = writeWorks(t.testdir({}), REQUESTS);

t.test('ten thousand requests on a hundred connections, interleaved', async (t) => {
  const storm = await startStorm(t, isolated, works, '4');
  const { pid } = storm.running;
  const tracer = await isolated.attach(t, ACTIONS);
  await hooked(tracer, pid, ACTIONS);
  await ask(storm.port, Array.from({ length: REQUESTS }, (_, n) => n), 100); // prettier-ignore
  const hits = await hitsOf(storm);
  const maps = await tracer.stop();
  t.equal(Object.keys(hits).length, REQUESTS);
  t.same(mistakes(maps, pid, hits), [], 'nothing is wrong');
  const events = Object.values(hits).reduce((sum, count) => sum + count, 0);
  t.comment(`${events} calls, ${maps.get('@switches')?.get(String(pid))} switches`);
});

t.test('tracers that come and go in the middle of requests see no wrong id', async (t) => {
  const storm = await startStorm(t, isolated, works, '4');
  const { pid } = storm.running;
  let from = 0;
  const over = new AbortController();
  const load = (async () => {
    for (; !over.signal.aborted && from + 100 <= REQUESTS; from += 100)
      await ask(storm.port, Array.from({ length: 100 }, (_, n) => from + n), 50); // prettier-ignore
  })();
  const sessions: Map<string, Counts>[] = [];
  for (let session = 0; session < 6; session++) {
    const tracer = await isolated.attach(t, ACTIONS);
    await hooked(tracer, pid, ACTIONS);
    const before = from;
    await until('some requests', () => from >= before + 200 || from + 100 > REQUESTS);
    sessions.push(await tracer.stop());
    await until('the sites to be as they were', () => isolated.armed().size === 0);
  }
  over.abort();
  await load;
  await hitsOf(storm);
  const ids = new Map<string, string>();
  for (const maps of sessions)
    for (const key of Object.keys(countsOf(maps, '@start', pid))) {
      const [id, target] = key.split(',') as [string, string];
      if (target.startsWith('/r/')) ids.set(`work_${target.slice(3)}`, id);
    }
  const wrong: string[] = [];
  let [right, unknown] = [0, 0];
  for (const [index, maps] of sessions.entries())
    for (const [key, count] of Object.entries(countsOf(maps, '@entry', pid))) {
      const [id, name] = key.split(',') as [string, string];
      if (id === '0') unknown += count;
      else if (ids.get(name) === id) right += count;
      else wrong.push(`${name}: ${count} as ${id} in session ${index}`);
    }
  t.same(wrong, []);
  t.ok(right > unknown, `${right} right, ${unknown} of requests that had begun before`);
});

t.test("who traces requests' starts and functions needs not ask for switches", async (t) => {
  const storm = await startStorm(t, isolated, works, '4');
  const { context__switch: _, ...actions } = ACTIONS;
  const without = Object.fromEntries(
    Object.entries(actions).map(([name, action]) => [name, action.replace(/ if \(arg[01] != @now.*$/, '')]),
  );
  const tracer = await isolated.attach(t, without);
  await hooked(tracer, storm.running.pid, without);
  await ask(storm.port, Array.from({ length: 200 }, (_, n) => n), 20); // prettier-ignore
  const hits = await hitsOf(storm);
  t.same(mistakes(await tracer.stop(), storm.running.pid, hits), []);
});

for (const kind of ['https', 'http2'])
  t.test(`a thousand requests by ${kind}`, async (t) => {
    const storm = await startStorm(t, isolated, works, '4', { KIND: kind, ...certificate(t.testdir({})) });
    const { pid } = storm.running;
    const tracer = await isolated.attach(t, ACTIONS);
    await hooked(tracer, pid, ACTIONS);
    await ask(storm.port, Array.from({ length: 1000 }, (_, n) => n), 50, kind); // prettier-ignore
    const hits = await hitsOf(storm);
    t.same(mistakes(await tracer.stop(), pid, hits), []);
  });
