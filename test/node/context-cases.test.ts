/** Whose work it is, case by case: `mine_…` functions must carry the id of the request that they are written for. */
import { once } from 'node:events';
import * as http from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS, type Running } from '../harness/node.js';
import { countsOf, until, type Actions, type Counts, type Tracer } from '../harness/trace.js';
import { ACTIONS, hooked } from './context-storm.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const TRACED: Actions = {
  ...ACTIONS,
  function__entry: ACTIONS.function__entry!.replace('"work_", 5', '"mine_", 5').replace(
    'if (',
    'if (strncmp(str(arg2), "nobody_", 7) == 0 || ',
  ),
  function__return: ACTIONS.function__return!.replace('"work_", 5', '"mine_", 5').replace(
    'if (',
    'if (strncmp(str(arg2), "nobody_", 7) == 0 || ',
  ),
};

interface Serving {
  readonly running: Running;
  readonly port: number;
  readonly tracer: Tracer;
}

async function serve(t: Test): Promise<Serving> {
  const running = isolated.start([join(PROGRAMS, 'context/cases.js')]);
  t.teardown(() => running.child.kill('SIGKILL'));
  const port = Number((await running.line('port ')).split(' ')[1]);
  const tracer = await isolated.attach(t, TRACED);
  await hooked(tracer, running.pid, TRACED);
  return { running, port, tracer };
}

interface Told {
  readonly maps: Map<string, Counts>;
  /** Calls that the program made, by name; and what the tracer saw: by name and target of the request, '' for none. */
  readonly calls: Record<string, number>;
  readonly entries: Record<string, number>;
  readonly returns: Record<string, number>;
}

async function end({ running, tracer }: Serving): Promise<Told> {
  running.say('end');
  const calls = JSON.parse((await running.line('calls ')).slice(6)) as Record<string, number>;
  const { pid, stderr } = await running.done;
  if (stderr !== '') throw new Error(stderr);
  const maps = await tracer.stop();
  const targets = new Map<string, string>([['0', '']]);
  for (const key of Object.keys(countsOf(maps, '@start', pid))) {
    const [id, target] = key.split(',') as [string, string];
    targets.set(id, target);
  }
  const byTarget = (map: string): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const [key, count] of Object.entries(countsOf(maps, map, pid))) {
      const [id, name] = key.split(',') as [string, string];
      const whose = `${name} ${targets.get(id) ?? 'of an unknown request'}`.trim();
      sums[whose] = (sums[whose] ?? 0) + count;
    }
    return sums;
  };
  return { maps, calls, entries: byTarget('@entry'), returns: byTarget('@return') };
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
function ask(port: number, path: string, options: http.RequestOptions = {}, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = http.request({ host: '127.0.0.1', port, path, agent, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => (text += data));
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject).on('continue', () => asked.end(body));
    if (options.headers) asked.flushHeaders();
    else if (body === undefined) asked.end();
    else asked.write(body, () => setImmediate(() => asked.end(body)));
  });
}

function agree(t: Test, told: Told, pid: number): void {
  for (const map of ['@broken', '@same', '@stacks', '@disagree']) t.same(countsOf(told.maps, map, pid), {}, map);
  t.same(told.returns, told.entries, 'what is entered is left, for the same request');
}

const SINGLE = [
  'later',
  'uncaught',
  'throws',
  'socket',
  'spawn',
  'exec',
  'signal',
  'udp',
  'port',
  'global',
  'worker',
  'deep',
].concat(['fetch', 'duplex', 'close', 'import']);
t.test('one request after the other on a connection that is kept', async (t) => {
  const serving = await serve(t);
  const { port, running } = serving;
  for (let round = 0; round < 3; round++) for (const name of SINGLE) await ask(port, `/${name}`);
  for (let round = 0; round < 3; round++) {
    for (const name of ['body', 'iterated']) await ask(port, `/${name}`, { method: 'POST' }, 'half');
    await ask(port, '/continue', { method: 'POST', headers: { expect: '100-continue' } }, 'x');
  }
  await Promise.all(['first', 'second', 'third'].map((name) => ask(port, `/${name}`, { agent: false })));
  const told = await end(serving);
  agree(t, told, running.pid);
  const expected: Record<string, number> = {};
  for (const [name, count] of Object.entries(told.calls)) {
    const [whose, of] = name.split('_') as [string, string];
    const target = { handler: 'uncaught' }[of] ?? of;
    // Node calls the handler outside of the microtask.
    if (of === 'handler') Object.assign(expected, { [name]: count / 4 });
    if (name !== 'mine_deep')
      expected[whose === 'nobody' ? name : `${name} /${target}`] = of === 'handler' ? (count / 4) * 3 : count;
  }
  const { 'mine_deep /deep': deep, 'mine_deep /throws': thrown, 'mine_inner /inner': inner, ...entries } = told.entries;
  const { 'mine_inner /inner': innerCalls, ...rest } = expected;
  t.same([thrown, deep! + thrown!, inner], [12, told.calls['mine_deep'], innerCalls]);
  // Made in the middle of the outer request's callback.
  const { nobody_after: made, 'nobody_after /duplex': within, ...others } = entries;
  t.equal(within, 3);
  t.same({ ...others, nobody_after: made! + within! }, rest);
});

t.test('requests that arrive together on one connection', async (t) => {
  const serving = await serve(t);
  const socket = connect(serving.port, '127.0.0.1');
  await once(socket, 'connect');
  let text = '';
  socket.setEncoding('latin1').on('data', (data: string) => (text += data));
  const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc`;
  socket.write(['/body', '/iterated', '/later', '/body', '/close', '/iterated', '/body'].map(post).join(''));
  await until('all answers', () => text.split('HTTP/1.1 200').length === 8);
  socket.destroy();
  await until('what is left to do', async () => (await ask(serving.port, '/plain', { agent: false })) === 'plain');
  const told = await end(serving);
  agree(t, told, serving.running.pid);
  const { nobody_after: made, ...calls } = told.calls;
  const expected = Object.fromEntries(
    Object.entries(calls).map(([name, count]) => [`${name} /${name.slice(5)}`, count]),
  );
  t.same(told.entries, { ...expected, nobody_after: made });
});
t.teardown(() => agent.destroy());
