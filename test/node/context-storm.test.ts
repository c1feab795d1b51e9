/** Request ids under load: ten thousand interleaved requests, every event of each with the right one. */
import t from 'tap';
import { ACTIONS, ask, hitsOf, hooked, mistakes, startStorm, writeWorks } from './context-storm.js';
import { Isolated } from './isolated.js';

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
