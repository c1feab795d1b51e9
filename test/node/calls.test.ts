/** Calls by fetch and by undici: each hop and each attempt is told once, with the bytes of its body and its end. */
import t from 'tap';
import { Isolated } from './isolated.js';
import { inLines, Traffic, type Told } from './traffic.js';

const isolated = new Isolated(t);
const SECRET = 'hunter2';
const HERE = 'http://127.0.0.1';
const bytes = (told: readonly Told[]): number[] => told.map((each) => each.bytes);
const ends = (told: readonly Told[]): string[] => told.map(({ target, status }) => `${target} ${status}`);

t.test('calls by fetch and undici', async (t) => {
  const traffic = await Traffic.start(t, isolated, 'calls.js');

  await t.test('fetch, with redirects, bodies, and what is compressed', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<number[]>('fetched');
    t.same(inLines(calls), [
      `http/1.1 GET ${HERE}/ok 200`,
      `http/1.1 GET ${HERE}/moved 302`,
      `http/1.1 GET ${HERE}/ok 200`,
      `http/1.1 GET ${HERE}/big 200`,
      `http/1.1 GET ${HERE}/zipped 200`,
      `http/1.1 GET ${HERE}/204 204`,
      `http/1.1 HEAD ${HERE}/ok 200`,
      `http/1.1 POST ${HERE}/echo 200`,
      `http/1.1 POST ${HERE}/echo 200`,
      'http/1.1 GET https://127.0.0.1/ok 200',
    ]);
    t.same(
      ends(requests),
      inLines(calls).map((line) => line.replace(/^.*127\.0\.0\.1/, '')),
    );
    const [ok, moved, big, , nothing, head, hello, chunks, secure] = known;
    const [, , , , zipped] = bytes(calls) as [number, number, number, number, number];
    t.same(bytes(calls), [ok, 0, moved, big, zipped, nothing, head, hello, chunks, secure], 'bodies');
    t.ok(zipped > 10 && zipped < known[3]!, `${zipped} bytes came for ${known[3]}`);
    t.same([calls[0]!.traceparent, requests[0]!.traceparent], ['00-a-b-01', '00-a-b-01']);
    t.notMatch(text, SECRET);
  });

  await t.test('fetch that fails, is aborted, or is too late', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<unknown[]>('fetched_badly');
    t.same(known.slice(0, 4), ['ECONNREFUSED', 'ENOTFOUND', 20, 23]);
    t.same(inLines(calls), [
      `http/1.1 GET ${HERE}:2/refused 0 connect ECONNREFUSED 127.0.0.1:2`,
      'http/1.1 GET http://no.such.host.invalid/ 0 getaddrinfo ENOTFOUND no.such.host.invalid',
      `http/1.1 GET ${HERE}/hang 0 aborted`,
      `http/1.1 GET ${HERE}/hang 0 timeout`,
      `http/1.1 GET ${HERE}/destroy 0 other side closed`,
      `http/1.1 GET ${HERE}/half 200 other side closed`,
    ]);
    t.equal(calls.at(-1)!.bytes, 5, 'what came before the end');
    t.same(ends(requests), ['/hang 0', '/hang 0', '/destroy 0', '/half 200']);
    t.notMatch(text, SECRET);
  });

  await t.test('fetch whose body is cancelled, at once and in the middle', async (t) => {
    const { calls } = await traffic.scene('cancelled');
    t.same(
      inLines(calls),
      Array.from({ length: 2 }, () => `http/1.1 GET ${HERE}/big 200 aborted`),
    );
    t.ok(
      bytes(calls).every((each) => each < 300_000),
      bytes(calls).join(),
    );
  });

  await t.test('fetch whose body is there and nobody reads it', async (t) => {
    const { calls, known } = await traffic.scene('unread');
    t.equal(known, 200);
    t.same(inLines(calls), [`http/1.1 GET ${HERE}/ok 200`]);
    t.equal(calls[0]!.bytes, 2);
  });

  await t.test('undici by all its ways', async (t) => {
    const { calls, known, text } = await traffic.scene<unknown[]>('undici');
    t.same(known, [23, 'UND_ERR_HEADERS_TIMEOUT', 'ECONNREFUSED']);
    t.same(inLines(calls), [
      `http/1.1 GET ${HERE}/ok 200`,
      `http/1.1 GET ${HERE}/big 200`,
      `http/1.1 POST ${HERE}/echo 200`,
      `http/1.1 GET ${HERE}/ok 200`,
      `http/1.1 GET ${HERE}/big 200`,
      `http/1.1 GET ${HERE}/hang 0 timeout`,
      `http/1.1 GET ${HERE}/hang 0 Headers Timeout Error`,
      `http/1.1 GET ${HERE}:1/ 0 connect ECONNREFUSED 127.0.0.1:1`,
    ]);
    t.same(bytes(calls).slice(0, 5), [2, 300_000, 'piped'.length, 2, 300_000]);
    t.notMatch(text, SECRET);
  });

  await t.test('undici in a pool, pipelined: five hundred', async (t) => {
    const { requests, calls, known } = await traffic.scene<number>('pool');
    t.same([requests.length, calls.length], [500, 500]);
    t.same(new Set(inLines(calls)), new Set([`http/1.1 PUT ${HERE}/echo 200`]));
    t.equal(
      bytes(calls).reduce((sum, each) => sum + each, 0),
      known,
    );
  });

  await t.test('undici that switches protocols', async (t) => {
    const { requests, calls } = await traffic.scene('switched');
    t.same(inLines(calls), [`http/1.1 GET ${HERE}/up 101`, 'http/1.1 CONNECT host 200']);
    t.same(inLines(requests), ['http/1.1 GET /up 101', 'http/1.1 CONNECT host 200']);
  });

  await t.test('undici over HTTP/2: once, not a second time for the session beneath', async (t) => {
    const { requests, calls, text } = await traffic.scene('modern');
    t.same(
      inLines(calls),
      [0, 1, 2].map((n) => `h2 GET https://localhost/${n} 200`),
    );
    t.same(
      inLines(requests),
      [0, 1, 2].map((n) => `h2 GET /${n} 200`),
    );
    t.same(bytes(calls), [6, 6, 6]);
    t.notMatch(text, SECRET);
    await traffic.end();
  });
});
