/** Workers, cluster and child processes of every kind: each isolate and process is told exactly, and none is disturbed. */
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { drained, countsOf, until } from '../harness/trace.js';
import { Isolated } from './isolated.js';
import { everyWay, type Way } from './ways.js';

const isolated = new Isolated(t);
const folder = 'threads';
const way = (args: string, calls: Way['calls']): Way => ({ folder, args: args.split(' '), calls });

const FILE = { own: 1, inWorker: 10 };
const MODULE = { own: 1, inWorker: 10, inModule: 10 };

const WORKERS: Record<string, Way> = {
  'a worker of a file': way('main.cjs file', FILE),
  'a worker of a URL': way('main.cjs url', FILE),
  'a worker that is an ES module': way('main.cjs module', MODULE),
  'a worker of code': way('main.cjs eval', { inWorker: 2 }),
  'a worker of code that imports': way('main.cjs evalImport', { inModule: 1 }),
  'a worker of a URL of data': way('main.cjs data', { inModule: 3 }),
  'a worker that shares the environment': way('main.cjs shared', FILE),
  // Nobody has asked for polyprobe in these; with `node --require`, which workers inherit, it is there.
  'a worker with another environment': way('main.cjs ownEnv', { own: 0, inWorker: 0 }),
  'a worker whose environment has no options': way('main.cjs bareEnv', { own: 0, inWorker: 0 }),
  'a worker without arguments for Node': way('main.cjs noArgs', MODULE),
  'a worker with arguments': way('main.cjs argv', FILE),
  'a worker in a worker': way('main.cjs nested', FILE),
  'many, one after the other': way('main.cjs file module eval url file', {
    own: 4,
    inWorker: 42,
    inModule: 10,
  }),
};

const CHILDREN: Record<string, Way> = {
  ...Object.fromEntries(
    ['fork', 'forkNoArgs', 'spawn', 'exec', 'execFile', 'shell', 'detached', 'module', 'stdin'].map((kind) => [
      `a child by ${kind}`,
      way(`children.cjs ${kind}`, { inChild: 10 }),
    ]),
  ),
  'a child whose environment is cleared is none of ours': way('children.cjs cleared', { inChild: 0 }),
  cluster: way('cluster.mjs', { inModule: 21 }),
};

t.test('workers', (t) => everyWay(t, isolated, WORKERS));
t.test('processes', (t) => everyWay(t, isolated, CHILDREN));

t.test('workers end however they end, while tracers come and go', async (t) => {
  const total = 60;
  const run = isolated.start([join(PROGRAMS, folder, 'coming.cjs'), String(total)]);
  await run.line('begun');
  const hasEnded = (): boolean => run.child.exitCode !== null || run.child.signalCode !== null;
  for (let round = 0; !hasEnded(); round++) {
    const tracer = await isolated.attach(t, { function__entry: '@ = count();', function__return: '@r = count();' });
    if (round % 2) await tracer.kill();
    else await tracer.stop();
  }
  const { code, stdout, stderr } = await run.done;
  t.equal(stderr, '');
  t.equal(code, 0);
  const each = total / 5;
  t.same(JSON.parse(stdout.split('\n')[1]!), {
    'end 0': each,
    'exit 3': each,
    'throw 1': each,
    'spin 1': each,
    'wait 1': each,
  });
});

t.test('each thread has as many returns as entries, terminated ones too', async (t) => {
  const tracer = await isolated.attach(t, {
    function__entry: '@entries[pid, tid] = count();',
    function__return: '@returns[pid, tid] = count();',
  });
  const { pid, code } = await isolated.run([join(PROGRAMS, folder, 'coming.cjs'), '20']);
  const maps = await tracer.stop();
  t.equal(code, 0);
  const entries = countsOf(maps, '@entries', pid);
  t.ok(Object.keys(entries).length > 3, 'several threads');
  t.same(countsOf(maps, '@returns', pid), entries);
});

t.test('a worker is told by the file that it runs', async (t) => {
  const file = join(PROGRAMS, folder, 'coming.cjs');
  const code = `const { Worker } = require('node:worker_threads');
    new Worker(${JSON.stringify(file)}, { workerData: 'wait' }).on('message', console.log)
    process.stdin.on('end', () => process.exit()).resume()`;
  const run = isolated.start(['-e', code]);
  await run.line('worked');
  const tracer = await isolated.attach(t, {
    runtime__hooks: 'printf("hooked|%d|%s|%s\\n", pid, str(arg0), str(arg1));',
    gc__start: '@ = count();',
  });
  const told = (): string[] =>
    tracer
      .printed()
      .flatMap((text) => text.split('\n'))
      .filter((line) => line.startsWith(`hooked|${run.pid}|`))
      .map((line) => line.split('|').slice(2).join('|'));
  await until('both isolates to be hooked', () => new Set(told()).size >= 2);
  await drained(tracer);
  await tracer.stop();
  run.child.stdin!.end();
  await run.done;
  t.same(
    new Set(told()),
    new Set([`node ${process.versions.node}|[eval]`, `node ${process.versions.node} worker 1|${file}`]),
  );
});
