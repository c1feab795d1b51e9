/** HTTP/1 on both sides, well and badly: each request and each call is told once, from its start to its end. */
import t from 'tap';
import { Isolated } from './isolated.js';
import { inLines, Traffic } from './traffic.js';

const isolated = new Isolated(t);
const SECRET = 'hunter2';
const bytes = (told: readonly { bytes: number }[]): number[] => told.map((each) => each.bytes);
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

t.test('requests and calls over HTTP/1', async (t) => {
  const traffic = await Traffic.start(t, isolated, 'http1.js');

  await t.test('that go well: status, bytes, no query', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<[number, number][]>('well');
    const paths = ['GET /ok', 'GET /204', 'GET /304', 'GET /hints', 'GET /late', 'GET /big', 'HEAD /ok', 'POST /echo'];
    const expected = paths.map((path, index) => [path, known[index]![0]] as const);
    t.same(
      inLines(requests),
      expected.map(([path, status]) => `http/1.1 ${path} ${status}`),
    );
    t.same(
      inLines(calls),
      expected.map(([path, status]) => `http/1.1 ${path.replace(' ', ' http://127.0.0.1')} ${status}`),
    );
    t.same(bytes(calls), bytes(requests), 'what is sent is what is received');
    const heads = requests.map((request, index) => request.bytes - known[index]![1]);
    t.ok(
      heads.every((head) => head > 60 && head < 300),
      `bodies and heads of ${heads.join()} bytes`,
    );
    t.same([requests.at(-1)!.traceparent, calls.at(-1)!.traceparent], ['00-a-b-01', '00-a-b-01']);
    t.match(requests[0]!.peer, /^127\.0\.0\.1:\d+$/);
    t.notMatch(text, SECRET);
  });

  await t.test('that fail on the way', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<unknown[]>('badly');
    t.same(known, ['ECONNRESET', 'ECONNRESET', 'ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND']);
    t.same(inLines(requests), [
      'http/1.1 GET /destroy 0 aborted',
      'http/1.1 GET /reason 0 for a reason',
      'http/1.1 GET /half 200 aborted',
    ]);
    t.same(inLines(calls), [
      'http/1.1 GET http://127.0.0.1/destroy 0 socket hang up',
      'http/1.1 GET http://127.0.0.1/reason 0 socket hang up',
      'http/1.1 GET http://127.0.0.1/half 200 aborted',
      'http/1.1 GET http://127.0.0.1:1/ 0 connect ECONNREFUSED 127.0.0.1:1',
      'http/1.1 GET http://no.such.host.invalid/ 0 getaddrinfo ENOTFOUND no.such.host.invalid',
      'http/1.1 POST http://127.0.0.1:1/unsent 0 connect ECONNREFUSED 127.0.0.1:1',
    ]);
    t.notMatch(text, SECRET);
  });

  await t.test('that the client gives up', async (t) => {
    const { requests, calls, known } = await traffic.scene<unknown[]>('given_up');
    t.same(known, ['ABORT_ERR', 'ECONNRESET', 'ECONNRESET', 'ECONNRESET']);
    const paths = ['/hang', '/throw', '/deaf', '/hang'];
    t.same(
      inLines(requests),
      paths.map((path) => `http/1.1 GET ${path} 0 aborted`),
    );
    t.same(inLines(calls).sort(), [
      'http/1.1 GET http://127.0.0.1/deaf 0 socket hang up',
      'http/1.1 GET http://127.0.0.1/hang 0 aborted',
      'http/1.1 GET http://127.0.0.1/hang 0 socket hang up',
      'http/1.1 GET http://127.0.0.1/queued 0 socket hang up',
      'http/1.1 GET http://127.0.0.1/throw 0 socket hang up',
    ]);
  });

  await t.test('whose answer nobody reads: it ends when it is there, or with its connection', async (t) => {
    const { requests, calls } = await traffic.scene('unread');
    t.same(
      requests.map(({ target }) => target),
      ['/ok', '/big'],
    );
    t.same(inLines(calls), ['http/1.1 GET http://127.0.0.1/ok 200', 'http/1.1 GET http://127.0.0.1/big 200 aborted']);
    t.equal(calls[0]!.bytes, requests[0]!.bytes);
    t.ok(calls[1]!.bytes > 0 && calls[1]!.bytes < 300_000, `${calls[1]!.bytes} bytes of 300,000`);
  });

  await t.test('that are pipelined: each with its own bytes, and its own end', async (t) => {
    const { requests, known } = await traffic.scene<number>('pipelined');
    t.same(inLines(requests), [
      'http/1.1 GET /big 200',
      'http/1.1 GET /ok 200',
      'http/1.1 GET /204 204',
      'http/1.0 GET /ok 200',
      'http/1.1 GET /hang 0 aborted',
      'http/1.1 GET /ok 0 aborted',
      'http/1.1 GET /204 0 aborted',
    ]);
    t.equal(sum(bytes(requests)), known, 'all bytes that the client got are told');
  });

  await t.test('that are malformed, where Node answers by itself', async (t) => {
    const { requests, known } = await traffic.scene<[number, number][]>('malformed');
    t.same(inLines(requests), [
      'http/1.1 GET /nohost 400',
      'http/1.0 GET /old 200',
      'http/1.1 POST /echo 400 Parse Error: Invalid character in chunk size',
      'http/1.1 GET /expects 417',
    ]);
    // What has no head is no request, and CONNECT is dropped by Node where nobody listens for it.
    const answered = known.filter((_, index) => index !== 2 && index !== 5);
    t.same(
      requests.map(({ status, bytes }) => [status, bytes]),
      answered,
      'what the client got',
    );
  });

  await t.test('that the server is too slow for', async (t) => {
    const { requests, known } = await traffic.scene<[number, number][]>('timeouts');
    t.same(inLines(requests), ['http/1.1 POST /hang 408 timeout', 'http/1.1 GET /hang 0 timeout']);
    t.same(
      requests.map(({ status, bytes }) => [status, bytes]),
      known,
      'what the client got',
    );
  });

  await t.test('that become something else', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<unknown[]>('upgraded');
    t.same(known, [101, 'ECONNRESET', 403]);
    t.same(inLines(requests), [
      'http/1.1 GET /up 101',
      'http/1.1 GET /silent 0 aborted',
      'http/1.1 CONNECT host 403',
      'http/1.1 GET /unasked 101',
    ]);
    t.same(inLines(calls), [
      'http/1.1 GET http://127.0.0.1/up 101',
      'http/1.1 GET http://127.0.0.1/silent 0 socket hang up',
      'http/1.1 CONNECT host 403',
      'http/1.1 GET http://127.0.0.1/unasked 101 aborted',
    ]);
    t.same(
      [calls[0]!.bytes, calls[2]!.bytes],
      [requests[0]!.bytes, requests[2]!.bytes],
      'the answer, not what follows',
    );
    t.notMatch(text, SECRET);
  });

  await t.test('by TLS, IPv6, a UNIX socket, a proxy, and beyond a limit', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<[number, number][]>('elsewhere');
    t.same(inLines(requests), [
      'http/1.1 GET /ok 200',
      'http/1.1 GET /big 200',
      'http/1.1 GET /path 200',
      'http/1.1 GET /local 200',
      'http/1.1 GET /ok 200',
      'http/1.1 GET /ok 503',
    ]);
    const told = inLines(calls);
    t.match(told.splice(2, 1), [/^http\/1\.1 GET https:\/\/127\.0\.0\.1\/refused 0 self-signed certificate/]);
    t.same(told, [
      'http/1.1 GET https://127.0.0.1/ok 200',
      'http/1.1 GET https://127.0.0.1/big 200',
      'http/1.1 GET http://example.org/path 200',
      'http/1.1 GET http://localhost/local 200',
    ]);
    t.same(bytes(calls.filter(({ status }) => status !== 0)), bytes(requests).slice(0, 4));
    t.same([requests[2]!.peer.replace(/\d+$/, ''), requests[3]!.peer], ['[::1]:', '']);
    t.equal(requests[4]!.bytes + requests[5]!.bytes, known.at(-1));
    t.notMatch(text, SECRET);
  });

  await t.test('that a server drops when it is closed', async (t) => {
    const { requests, calls } = await traffic.scene('closed');
    t.same(inLines(requests), ['http/1.1 GET /hang 0 aborted']);
    t.same(inLines(calls), ['http/1.1 GET http://127.0.0.1/hang 0 socket hang up']);
  });

  await t.test('that others answer, to the end or not', async (t) => {
    const { calls, known } = await traffic.scene<unknown[]>('foreign');
    t.same(inLines(calls), [
      'http/1.1 GET http://127.0.0.1/foreign 200 aborted',
      'http/1.1 GET http://127.0.0.1/foreign 200',
      'http/1.1 GET http://127.0.0.1/foreign 0 Parse Error: Expected HTTP/, RTSP/ or ICE/',
    ]);
    t.same(bytes(calls), [known[1], known[3], known[5]], 'every byte that came');
  });

  await t.test('that are answered before they have been sent', async (t) => {
    const { requests, calls } = await traffic.scene('early');
    t.same(
      [...inLines(requests), ...inLines(calls)],
      ['http/1.1 POST /ok 200', 'http/1.1 POST http://127.0.0.1/ok 200'],
    );
    t.equal(calls[0]!.bytes, requests[0]!.bytes);
  });

  await t.test('whose connection the program takes for itself, and without a header for the host', async (t) => {
    const { requests, calls, known, text } = await traffic.scene<[number, number]>('taken');
    t.same(inLines(requests), ['http/1.1 GET /taken 0 aborted', `http/1.1 GET /ok ${known[1]}`]);
    t.same(inLines(calls), [`http/1.1 GET http://127.0.0.1/ok ${known[1]}`]);
    t.equal(requests[0]!.bytes, known[0]);
    t.notMatch(text, SECRET);
  });

  await t.test('that are open when tracers come and go are told to those who saw them begin', async (t) => {
    await traffic.scenes.run('begin');
    await traffic.detach(isolated);
    const second = await Traffic.attach(t, isolated, traffic.scenes);
    const { requests, calls } = await second.scene('end_of_it');
    t.same([requests, calls], [[], []]);
    const next = await second.scene('closed');
    t.same([next.requests.length, next.calls.length], [1, 1]);
    t.equal(await second.end(), '', 'nothing was said on stderr');
  });
});
