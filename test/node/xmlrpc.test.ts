/** XML-RPC on both sides: told once, by its method's name; and nothing else of a body ever is. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import t from 'tap';
import { Isolated } from './isolated.js';
import { inLines, Traffic } from './traffic.js';

const { FaultSeeker, MethodSeeker } = createRequire(import.meta.url)(
  '../../providers/node/xmlrpc.cjs',
) as typeof import('../../providers/node/xmlrpc.cjs');

/** What a seeker says of a body that comes in pieces; undefined: it would wait for more. */
function nameIn(pieces: readonly (string | Uint8Array)[]): string | undefined {
  const seeker = new MethodSeeker();
  for (const piece of pieces) {
    const name = seeker.feed(piece);
    if (name !== undefined) return name;
  }
  return undefined;
}
const cut = (text: string, size: number): string[] => text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
const body = (name: string, before = ''): string => `${before}<methodCall><methodName>${name}</methodName><params/>`;

t.test('a name is found however the body is cut', async (t) => {
  const between = fc.constantFrom(
    ' ',
    '\r\n',
    '<!-- <methodCall> -->',
    '<?xml version="1.0"?>',
    '<!DOCTYPE methodCall>',
  );
  const before = fc.array(between, { maxLength: 5 }).map((parts) => parts.join(''));
  const name = fc.stringMatching(/^[\w.:/]{1,40}$/);
  fc.assert(
    fc.property(before, name, fc.integer({ min: 1, max: 90 }), fc.boolean(), (before, name, size, asBytes) => {
      const pieces = cut(body(name, before), size);
      return nameIn(asBytes ? pieces.map((piece) => Buffer.from(piece)) : pieces) === name;
    }),
    { numRuns: 500 },
  );
  t.equal(nameIn([body(' \n spaced \n')]), 'spaced');
  t.equal(nameIn(['<methodCall xmlns="x" >\n<methodName\t>name</methodName >']), 'name');
});

t.test('anything else is said to be none, soon, and never with a piece of the body', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => nameIn([text.padEnd(2048, 'x')]) === ''),
    { numRuns: 500 },
  );
  for (const text of [
    '<methodCalls><methodName>x</methodName>',
    '<methodCall><methodname>x</methodname>',
    '<methodCall><params/><methodName>x</methodName>',
    body(''),
    body('a b'),
    body('a&amp;b'),
    body('naïve'),
    body('x'.repeat(256)),
    'x',
  ])
    t.equal(nameIn([text]), '', text.slice(0, 60));
  for (const text of ['', '<', '<!', '<!-', '<methodCal', '<methodCall', '<methodCall>', '<methodCall><methodName>na'])
    t.equal(nameIn([text]), undefined, `more could come after ${text}`);
  t.equal(nameIn([`<!--${'-'.repeat(2044)}`]), '', 'nothing is looked for beyond a limit');
});

t.test('a fault is told by its code alone', async (t) => {
  const fault = (text: string): string => {
    const seeker = new FaultSeeker();
    for (const piece of cut(text, 7)) seeker.feed(piece);
    return seeker.found();
  };
  const member = (name: string, value: string): string =>
    `<member><name>${name}</name><value>${value}</value></member>`;
  const of = (...members: string[]): string =>
    `<?xml version="1.0"?>\n<methodResponse> <fault><value><struct>${members.join('')}</struct></value></fault>`;
  t.equal(fault(of(member('faultCode', '<int>4</int>'))), 'fault 4');
  t.equal(fault(of(member('faultString', 'text'), member('faultCode', '<i4> -32 </i4>'))), 'fault -32');
  t.equal(fault(of(member('faultCode', '<string>hunter2</string>'))), 'fault');
  t.equal(fault(of(member('faultString', 'x'.repeat(3000)), member('faultCode', '<int>4</int>'))), 'fault');
  t.equal(fault('<methodResponse><params><fault/></params></methodResponse>'), '');
  t.equal(fault('<methodResponse><faults>'), '');
  t.equal(fault(''), '');
});

const isolated = new Isolated(t);
const SECRET = 'hunter2';

t.test('XML-RPC as it is carried', async (t) => {
  const traffic = await Traffic.start(t, isolated, 'xmlrpc.js');
  const served = (path: string, names: readonly string[], end = '200'): string[] =>
    names.map((name) => `xml-rpc ${name} ${path} ${end}`);

  await t.test("by npm's xmlrpc on both sides, with a fault", async (t) => {
    const { requests, calls, known, text } = await traffic.scene('npm');
    t.same(known, [42, `XML-RPC fault: ${SECRET}`, 'Not Found']);
    const ends = ['shop.price / 200', 'shop.sell / 200 fault 4', 'nothing / 404'];
    t.same(
      inLines(requests),
      ends.map((end) => `xml-rpc ${end.replace('/', '/RPC2')}`),
    );
    t.same(
      inLines(calls),
      ends.map((end) => `xml-rpc ${end.replace('/', 'http://127.0.0.1/RPC2')}`),
    );
    t.same(
      calls.map(({ bytes }) => bytes),
      requests.map(({ bytes }) => bytes),
    );
    t.notMatch(text, SECRET);
  });

  await t.test('five hundred times, ten at a time', async (t) => {
    const { requests, calls, known } = await traffic.scene('many');
    t.equal(known, 500, 'answers that were right');
    for (const told of [requests, calls]) {
      const counts: Record<string, number> = {};
      for (const { protocol, method, status } of told) {
        const key = `${protocol} ${method} ${status}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      t.same(counts, Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`xml-rpc method.${n} 200`, 50])));
    }
  });

  await t.test('by http, in any pieces, with a mark, a type, a length', async (t) => {
    const { requests, calls, known } = await traffic.scene('names');
    t.same(known, [true, true, true, true, true, true], 'the server got every body as it was sent');
    const names = ['a.b:c/d_1', 'byte.by.byte', 'marked', 'typed'];
    const last = ['xml-rpc fault /fault 200 fault -7', ...served('/', ['with.length'])];
    t.same(inLines(requests), [...served('/', names), ...last]);
    t.same(inLines(calls), [
      ...served('http://127.0.0.1/', names),
      'xml-rpc fault http://127.0.0.1/fault 200 fault -7',
      ...served('http://127.0.0.1/', ['with.length']),
    ]);
  });

  await t.test('what seems to be it, is HTTP', async (t) => {
    const { requests, calls, text } = await traffic.scene('no_names');
    const verbs = ['POST', 'POST', 'POST', 'POST', 'POST', 'POST', 'POST', 'PUT', 'POST'];
    t.same(
      inLines(requests),
      verbs.map((verb) => `http/1.1 ${verb} / 200`),
    );
    t.same(
      inLines(calls),
      verbs.map((verb) => `http/1.1 ${verb} http://127.0.0.1/ 200`),
    );
    t.notMatch(text, SECRET);
  });

  await t.test('whose name never comes, or too late', async (t) => {
    const lost = await traffic.scene('lost');
    t.same(inLines(lost.requests), ['http/1.1 POST /lost 400 aborted']);
    const { requests, calls } = await traffic.scene('early');
    t.same([...inLines(requests), ...inLines(calls)], ['http/1.1 POST / 200', 'http/1.1 POST http://127.0.0.1/ 200']);
  });

  await t.test('by fetch and undici', async (t) => {
    const { requests, calls, text } = await traffic.scene('others');
    const names = ['by.fetch', 'by.stream', 'by.undici', 'by.buffer'];
    t.same(inLines(requests), [...served('/fault', names, '200 fault -7'), 'http/1.1 POST /fault 200']);
    t.same(inLines(calls), [
      ...served('http://127.0.0.1/fault', names, '200 fault -7'),
      'http/1.1 POST http://127.0.0.1/fault 200',
      'xml-rpc refused http://127.0.0.1:1/ 0 connect ECONNREFUSED 127.0.0.1:1',
    ]);
    t.notMatch(text, SECRET);
  });

  await t.test('over HTTP/2', async (t) => {
    const { requests, calls, text } = await traffic.scene('http2');
    const names = ['by.http2', 'piece.by.piece'];
    t.same(inLines(requests), [...served('/fault', names, '200 fault -7'), 'h2 POST /fault 200']);
    t.same(inLines(calls), [
      ...served('http://127.0.0.1/fault', names, '200 fault -7'),
      'h2 POST http://127.0.0.1/fault 200',
    ]);
    t.notMatch(text, SECRET);
    await traffic.end();
  });
});
