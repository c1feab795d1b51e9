/** Express and fastify under load: as many requests as autocannon got answers, and as many bytes. */
import t from 'tap';
import { Isolated } from './isolated.js';
import { Traffic } from './traffic.js';

interface Known {
  readonly statuses: Record<string, { count: number }>;
  readonly bytes: number;
  readonly served: number;
}

const isolated = new Isolated(t);

t.test('two thousand requests over ten connections', async (t) => {
  const traffic = await Traffic.start(t, isolated, 'load.js');
  for (const scene of ['express_http', 'express_https', 'fastify_http', 'fastify_https'])
    await t.test(scene.replace('_', ' by '), async (t) => {
      const { requests, known, text } = await traffic.scene<Known>(scene);
      t.equal(requests.length, known.served, 'as many as the framework has seen');
      const told: Record<string, number> = {};
      for (const { status } of requests) told[status] = (told[status] ?? 0) + 1;
      const got = Object.entries(known.statuses).map(([status, { count }]) => [status, count]);
      t.same(told, Object.fromEntries(got), 'statuses');
      t.equal(requests.length, 2000);
      t.equal(
        requests.reduce((sum, { bytes }) => sum + bytes, 0),
        known.bytes,
        'bytes',
      );
      t.same(new Set(requests.map(({ protocol, error }) => `${protocol} ${error}`)), new Set(['http/1.1 ']));
      const targets = new Set(requests.map(({ method, target, status }) => `${method} ${target} ${status}`));
      t.same(targets, new Set(['GET /items/1 200', 'POST /items 201', 'GET /no 404']));
      t.notMatch(text, 'hunter2');
    });
  t.equal(await traffic.end(), '', 'nothing was said on stderr');
});
