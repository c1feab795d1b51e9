/** A program that ends in the middle: what was told to have begun is told to be over. */
import t from 'tap';
import { Isolated } from './isolated.js';
import { inLines, Traffic } from './traffic.js';

const isolated = new Isolated(t);
const HERE = 'http://127.0.0.1';

for (const [end, code] of [
  ['exit', 3],
  ['throw', 1],
] as const)
  t.test(`requests and calls that are open when the program ends by ${end}`, async (t) => {
    const traffic = await Traffic.start(t, isolated, 'leaving.js');
    const { requests, calls, outcome } = await traffic.last(end);
    t.equal(outcome.code, code);
    t.same(inLines(requests).sort(), [
      'http/1.1 GET /done 200',
      'http/1.1 GET /end 0 exit',
      'http/1.1 GET /held 0 exit',
    ]);
    t.same(inLines(calls).sort(), [
      `http/1.1 GET ${HERE}/done 200`,
      `http/1.1 GET ${HERE}/end 0 exit`,
      `http/1.1 GET ${HERE}/held 0 exit`,
    ]);
  });

t.test('requests that a worker serves when it is terminated', async (t) => {
  const traffic = await Traffic.start(t, isolated, 'leaving.js');
  const { requests, calls, known } = await traffic.scene('terminate');
  t.equal(known, 'ECONNRESET');
  t.same(inLines(requests), ['http/1.1 GET /done 200', 'http/1.1 GET /held 0 exit']);
  t.same(inLines(calls), [`http/1.1 GET ${HERE}/done 200`, `http/1.1 GET ${HERE}/held 0 socket hang up`]);
  t.equal(await traffic.end(), '');
});
