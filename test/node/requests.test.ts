/** request__start and request__done: one of each for what a server serves, and nothing secret in them. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS, type Running } from '../harness/node.js';
import { drained, countsOf, until, type Counts, type Tracer } from '../harness/trace.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const SECRET = 'hunter2';
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const ACTIONS = {
  request__start: `@start[pid, str(arg1), str(arg2), str(arg3)] = count(); @open[pid, arg0] = 1; @traceparent[pid, str(arg5)] = count();
    printf("%s|%s|%s|%s|%s\\n", str(arg1), str(arg2), str(arg3), str(arg4), str(arg5));`,
  request__done: `@done[pid, arg1, str(arg4)] = count(); @orphan[pid, @open[pid, arg0] == 0] = count(); delete(@open[pid, arg0]);
    @least[pid, arg1, str(arg4)] = min(arg2); @most[pid, arg1, str(arg4)] = max(arg2); @instant[pid, arg3 == 0] = count();`,
  runtime__hooks: 'printf("hooks %d %lu\\n", pid, arg2);',
} as const;

interface Serving {
  readonly running: Running;
  readonly port: number;
  readonly tracer: Tracer;
}

async function serve(t: Test, kind: string, ...args: string[]): Promise<Serving> {
  const running = isolated.start([join(PROGRAMS, 'requests.js'), kind, ...args]);
  t.teardown(() => running.child.kill('SIGKILL'));
  const port = Number((await running.line('port ')).split(' ')[1]);
  return { running, port, tracer: await traced(t, running) };
}

async function traced(t: Test, running: Running): Promise<Tracer> {
  const tracer = await isolated.attach(t, ACTIONS);
  // Hooks for requests are JavaScript: the last report of what is hooked holds them.
  await until('the hooks', () =>
    tracer
      .printed()
      .some((text) => text.startsWith(`hooks ${running.pid} `) && (Number(text.split(' ')[2]) & (1 << 11)) !== 0),
  );
  return tracer;
}

interface Ended {
  readonly maps: Map<string, Counts>;
  readonly served: Record<string, number>;
  readonly strings: string[];
}

async function end({ running, tracer }: Serving): Promise<Ended> {
  running.say('end');
  const served = JSON.parse((await running.line('served ')).slice(7)) as Record<string, number>;
  const { stderr } = await running.done;
  if (stderr.includes('Warning')) throw new Error(stderr);
  await drained(tracer);
  const maps = await tracer.stop();
  return { maps, served, strings: tracer.printed().filter((text) => text.startsWith('http')) };
}

/** One request to its end. */
function ask(port: number, path: string, options: https.RequestOptions = {}, body?: string): Promise<number> {
  const { request } = options.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!));
      response.on('error', reject);
    });
    asked.on('error', reject).end(body);
  });
}

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);

async function fiveHundred(port: number, options: https.RequestOptions): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let left = 500;
  await Promise.all(
    Array.from({ length: 10 }, async () => {
      while (left-- > 0) {
        const at = left;
        const status = await (at % 5 === 0
          ? ask(port, `/echo/${at % 3}?token=${SECRET}`, { ...options, method: 'POST' }, 'a body')
          : at % 5 === 1
            ? ask(port, `/status/${[204, 404, 503][at % 3]}`, options)
            : at % 5 === 2
              ? ask(port, `/big?token=${SECRET}`, options)
              : ask(port, '/ok', { ...options, headers: { traceparent: TRACEPARENT } }));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }),
  );
  return statuses;
}

const certificates = t.testdir({});
const [key, certificate] = [join(certificates, 'key.pem'), join(certificates, 'certificate.pem')];
execFileSync(
  'openssl',
  [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-keyout',
    key,
    '-out',
    certificate,
  ],
  { stdio: 'ignore' },
);

for (const [kind, ...args] of [['http'], ['express'], ['https', key, certificate]] as [string, ...string[]][])
  t.test(`${kind}: five hundred requests over connections that are kept`, async (t) => {
    const serving = await serve(t, kind, ...args);
    const { pid } = serving.running;
    const secure = kind === 'https';
    const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: 10 });
    const statuses = await fiveHundred(serving.port, {
      agent,
      ...(secure && { protocol: 'https:', rejectUnauthorized: false }),
    });
    agent.destroy();
    const { maps, served, strings } = await end(serving);
    const starts = countsOf(maps, '@start', pid);
    t.equal(sum(starts), 500);
    t.equal(sum(countsOf(maps, '@done', pid)), 500);
    t.same(countsOf(maps, '@orphan', pid), { 0: 500 }, 'each done has its start');
    t.same(countsOf(maps, '@instant', pid), { 0: 500 }, 'and a duration');
    const paths: Record<string, number> = {};
    for (const [start, count] of Object.entries(starts)) {
      const [protocol, method, target] = start.split(',');
      t.equal(protocol, 'http/1.1');
      t.equal(method, target!.startsWith('/echo') ? 'POST' : 'GET');
      paths[target!] = (paths[target!] ?? 0) + count;
    }
    t.same(paths, served, 'targets are what the program served');
    const done: Record<string, number> = {};
    for (const [status, count] of statuses) done[`${status},`] = count;
    t.same(countsOf(maps, '@done', pid), done, 'statuses are what the clients saw');
    t.equal(countsOf(maps, '@traceparent', pid)[TRACEPARENT], served['/ok'], 'the header is passed on');
    t.notMatch(strings.join(), SECRET, 'nothing of a query string is told');
    t.match(strings[0], /\|127\.0\.0\.1:\d+\|/, 'the peer');
    const [least, most] = [countsOf(maps, '@least', pid), countsOf(maps, '@most', pid)];
    t.ok(least['204,']! > 50 && most['204,']! < 1000, `204: ${least['204,']} to ${most['204,']} bytes`);
    t.ok(most['200,']! > 100_000 && most['200,']! < 103_000, `200: up to ${most['200,']} bytes`);
  });

const raw = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

t.test('requests that end badly are done as well, once', async (t) => {
  const serving = await serve(t, 'http');
  const { port, running } = serving;
  // The client goes away while the server works.
  const gone = await raw(port);
  gone.write('GET /slow/gone HTTP/1.1\r\nHost: x\r\n\r\n');
  await running.line('waiting');
  gone.destroy();
  // The server destroys the connection, before it has said anything and in the middle.
  await t.rejects(ask(port, '/destroy'));
  await t.rejects(ask(port, '/half'));
  t.equal(await ask(port, '/ok'), 200);
  running.say('finish');
  await running.line('finished');
  const { maps } = await end(serving);
  const { pid } = running;
  t.equal(sum(countsOf(maps, '@start', pid)), 4);
  t.same(countsOf(maps, '@done', pid), { '0,aborted': 2, '200,aborted': 1, '200,': 1 });
  t.same(countsOf(maps, '@orphan', pid), { 0: 4 });
});

t.test('pipelined requests count their own bytes', async (t) => {
  const serving = await serve(t, 'http');
  const socket = await raw(serving.port);
  let text = '';
  socket.setEncoding('latin1').on('data', (data: string) => (text += data));
  socket.write(
    'GET /big HTTP/1.1\r\nHost: x\r\n\r\n' + 'GET /status/404?secret=hunter2 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4),
  );
  await until('five answers', () => text.split('HTTP/1.1 ').length === 6 && text.endsWith('with a status'));
  socket.destroy();
  const { maps, strings } = await end(serving);
  const { pid } = serving.running;
  t.same(countsOf(maps, '@done', pid), { '200,': 1, '404,': 4 });
  t.ok(countsOf(maps, '@most', pid)['404,']! < 1000, 'none counts the answer before it');
  t.ok(countsOf(maps, '@least', pid)['404,']! > 50, 'nor nothing at all');
  t.ok(countsOf(maps, '@least', pid)['200,']! > 100_000);
  t.notMatch(strings.join(), SECRET);
});

t.test('what a proxy is asked for is told without the user and the password', async (t) => {
  const serving = await serve(t, 'http');
  for (const path of [
    `http://user:${SECRET}@example.org/path?token=${SECRET}`,
    `http://user:${SECRET}@example.org`,
    '*',
  ])
    await ask(serving.port, path, { method: path === '*' ? 'OPTIONS' : 'GET' });
  const { maps, strings } = await end(serving);
  t.notMatch(strings.join(), SECRET);
  t.same(countsOf(maps, '@start', serving.running.pid), {
    'http/1.1,GET,/path': 1,
    'http/1.1,GET,/': 1,
    'http/1.1,OPTIONS,*': 1,
  });
});

t.test('a request that is open when tracers come and go is told to those who saw it begin', async (t) => {
  const serving = await serve(t, 'http');
  const { port, running, tracer } = serving;
  const slow = ask(port, '/slow');
  await running.line('waiting');
  const first = await tracer.stop();
  t.equal(sum(countsOf(first, '@start', running.pid)), 1);
  t.equal(sum(countsOf(first, '@done', running.pid)), 0);
  await until('the sites to be as they were', () => isolated.armed().size === 0);
  const second = await traced(t, running);
  running.say('finish');
  t.equal(await slow, 200);
  t.equal(await ask(port, '/ok'), 200);
  const { maps } = await end({ ...serving, tracer: second });
  t.equal(sum(countsOf(maps, '@start', running.pid)), 1, 'the new one');
  t.same(countsOf(maps, '@done', running.pid), { '200,': 1 }, 'and no end without a beginning');
});
