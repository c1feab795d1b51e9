/** HTTP/2 on both sides: each stream that asks is a request and a call, told once; sessions may be older than the tracer. */
import t from 'tap';
import { Isolated } from './isolated.js';
import { inLines, Traffic, type Told } from './traffic.js';

const isolated = new Isolated(t);
const SECRET = 'hunter2';
const bytes = (told: readonly Told[]): number[] => told.map((each) => each.bytes);
type Known = [status: number, bytes: number, code: number, failure: string];

t.test('requests and calls over HTTP/2', async (t) => {
  const traffic = await Traffic.start(t, isolated, 'http2.js');

  await t.test('that go well, in a session from before the tracer came', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<Known[]>('well');
    const paths = ['GET /ok', 'GET /204', 'GET /big', 'GET /push', 'HEAD /ok', 'POST /echo'];
    t.same(
      inLines(requests),
      paths.map((path, index) => `h2 ${path} ${known[index]![0]}`),
      'what is pushed is none',
    );
    t.same(
      inLines(calls),
      paths.map((path, index) => `h2 ${path.replace(' ', ' http://127.0.0.1')} ${known[index]![0]}`),
    );
    t.same(
      bytes(requests),
      known.map(([, body]) => body),
      'bodies',
    );
    t.same(bytes(calls), bytes(requests));
    t.same([requests.at(-1)!.traceparent, calls.at(-1)!.traceparent], ['00-a-b-01', '00-a-b-01']);
    t.match(requests[0]!.peer, /^127\.0\.0\.1:\d+$/);
    t.notMatch(text, SECRET);
  });

  await t.test('that fail, are cancelled, and whose session or connection is lost', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<unknown[]>('badly');
    t.same(known.slice(2), ['ABORT_ERR', 'ERR_HTTP2_STREAM_CANCEL']);
    const broken = 'Stream closed with error code NGHTTP2_INTERNAL_ERROR';
    t.same(inLines(requests), [
      'h2 GET /destroy 0 aborted',
      `h2 GET /half 200 ${broken}`,
      ...Array.from({ length: 4 }, () => 'h2 GET /hang 0 aborted'),
    ]);
    t.same(inLines(calls), [
      'h2 GET http://127.0.0.1/destroy 0 aborted',
      `h2 GET http://127.0.0.1/half 200 ${broken}`,
      'h2 GET http://127.0.0.1/hang 0 aborted',
      'h2 GET http://127.0.0.1/hang 0 aborted',
      'h2 GET http://127.0.0.1:1/nowhere 0 The pending stream has been canceled (caused by: connect ECONNR',
      'h2 GET http://127.0.0.1/hang 0 aborted',
      'h2 GET https://127.0.0.1/hang 0 aborted',
    ]);
    t.notMatch(text, SECRET);
  });

  await t.test('by TLS and streams, of files, and HTTP/1 on the same server', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<[Known, Known, number[], number]>('secure');
    t.same(inLines(requests), ['h2 GET /stream 201', 'h2 GET /file 200', 'http/1.1 GET /one 200']);
    t.same(inLines(calls), [
      'h2 GET https://localhost/stream 201',
      'h2 GET https://localhost/file 200',
      'http/1.1 GET https://127.0.0.1/one 200',
    ]);
    t.same(bytes(requests).slice(0, 2), ['by stream'.length, known[3]]);
    t.same(bytes(calls), bytes(requests));
    t.notMatch(text, SECRET);
  });

  await t.test('without a server', async (t) => {
    const { requests, calls } = await traffic.scene('shaken');
    t.same([...inLines(requests), ...inLines(calls)], ['h2 GET /shaken 200', 'h2 GET http://127.0.0.1/shaken 200']);
  });

  await t.test('a tunnel, which is asked for by host and port', async (t) => {
    const { requests, calls, known } = await traffic.scene<Known>('tunnel');
    t.same([...inLines(requests), ...inLines(calls)], ['h2 CONNECT host 200', 'h2 CONNECT host 200']);
    t.same(bytes(requests), [known[1]]);
  });

  await t.test('two thousand, a hundred at a time', async (t) => {
    const { requests, calls, known } = await traffic.scene<number>('many');
    t.same([requests.length, calls.length], [2000, 2000]);
    for (const told of [requests, calls])
      t.equal(
        bytes(told).reduce((total, each) => total + each, 0),
        known,
        'bytes',
      );
    t.same(new Set(inLines(requests)), new Set(['h2 POST /echo 200']));
    t.same(new Set(inLines(calls)), new Set(['h2 POST http://127.0.0.1/echo 200']));
  });

  await t.test('that ask others: each call is made for the right request', async (t) => {
    const { requests, calls } = await traffic.scene('nested');
    const outer = new Map(requests.map(({ target, id }) => [target, id]));
    const inner = calls.filter(({ target }) => target.includes('/inner/'));
    t.equal(inner.length, 400);
    const wrong = inner.filter(({ target, request }) => request !== outer.get(target.replace(/^.*inner/, '/outer')));
    t.same(wrong, []);
  });

  await t.test('that are open when tracers come and go are told to those who saw them begin', async (t) => {
    await traffic.scenes.run('begin');
    await traffic.detach(isolated);
    const second = await Traffic.attach(t, isolated, traffic.scenes);
    const { requests, calls } = await second.scene('end_of_it');
    t.same([requests, calls], [[], []]);
    const next = await second.scene('shaken');
    t.same([next.requests.length, next.calls.length], [1, 1]);
    t.equal(await second.end(), '', 'nothing was said on stderr');
  });
});
