import t from 'tap';
import { checkFailedProcess, checkProcess, processFacts, type ProcessFacts } from '../../core/check/process.js';
import type { Served } from '../../core/check/runtimes.js';
import { thisHost } from '../../core/check/host.js';
import { ProcessError } from '../../core/elf/errors.js';
import type { TraceableProcess } from '../../core/elf/processes.js';
import { readProbes } from '../../core/elf/notes.js';
import { LIBRARY } from '../../core/paths.js';
import { environment, recognise, runtimes } from '../../core/runtimes/index.js';
import { node } from '../../core/runtimes/node.js';
import { startReady, stop } from '../elf/fixtures.js';
import { marks } from './machine.js';

const served: Served[] = [{ runtime: node, installations: [] }];
const ours = environment({ functions: true }, {});
const facts = (changes: Partial<ProcessFacts> = {}): ProcessFacts => ({
  pid: 5,
  traceable: undefined,
  exe: '/usr/bin/node',
  argv: ['node', 'app.js'],
  maps: ['/usr/bin/node', '/lib/x86_64-linux-gnu/libc.so.6'],
  env: {},
  container: undefined,
  sees: () => true,
  ...changes,
});
const why = (changes: Partial<ProcessFacts>, with_ = served): { what: string; todo: string } => {
  const found = checkProcess(facts(changes), with_, 'ab');
  t.strictSame(marks(found), ['problem process/served']);
  return found[0]!;
};

t.test('a program that was started without polyprobe is told how to start', async (t) => {
  t.match(why({}), { what: /not started by polyprobe run$/, todo: 'start it again: polyprobe run -- node app.js' });
  t.match(why({ env: undefined }), { what: /not started by polyprobe run$/ });
});

t.test('one whose provider could not load is told where to read why', async (t) => {
  t.match(why({ env: ours }), {
    what: /though it was started by polyprobe run/,
    todo: /standard error: polyprobe run -- node app\.js/,
  });
});

t.test('one with an obstacle in its environment is told that', async (t) => {
  t.match(why({ env: { ...ours, POLYPROBE: 'off' } }), {
    what: /POLYPROBE=off/,
    todo: /unset POLYPROBE, and start it again/,
  });
});

t.test('musl is told by its loader', async (t) => {
  t.match(why({ maps: ['/lib/ld-musl-x86_64.so.1'] }), { what: /uses musl/, todo: /node:22-slim/ });
});

t.test('a version that is not served is told by its installation', async (t) => {
  const installations = [
    { path: '/usr/bin/node', version: '18.1.0', served: false, how: 'not supported', todo: 'use Node.js 20' },
  ];
  t.match(why({}, [{ runtime: node, installations }]), {
    what: /node 18\.1\.0: not supported/,
    todo: 'use Node.js 20',
  });
});

t.test('a container without polyprobe is told to have it installed', async (t) => {
  t.match(why({ container: 'docker:abc', sees: () => false }), {
    what: /runs in docker:abc/,
    todo: /^in the image: npm install/,
  });
});

t.test('a language without a provider, and no language at all, are told apart', async (t) => {
  t.match(why({ exe: '/usr/bin/python3.11', argv: ['python3', 'app.py'] }), {
    what: /no provider for Python yet/,
    todo: /polyprobe list 5$/,
  });
  t.match(why({ exe: '/usr/bin/sleep', argv: ['sleep', '1'] }), { what: /no runtime that polyprobe knows/ });
});

const traceable = (armed: string[] | undefined, buildId: string): TraceableProcess =>
  ({
    pid: 5,
    runtime: 'node',
    version: '20.20.2',
    program: '/srv/app.js',
    container: undefined,
    armed,
    copies: [{ path: '/x/libpolyprobe.so', deleted: false, buildId, armed, error: undefined }],
  }) as unknown as TraceableProcess;

t.test('one that is served tells who it is and which probes are armed', async (t) => {
  const [who, armed] = checkProcess(facts({ traceable: traceable(['polyprobe_node:gc__start'], 'ab') }), served, 'ab');
  t.equal(who!.what, 'process 5 is served: node 20.20.2 /srv/app.js');
  t.equal(armed!.what, 'armed now: polyprobe_node:gc__start');
  t.match(checkProcess(facts({ traceable: traceable([], 'ab') }), served, 'ab')[1]!.what, /no tracer is attached/);
  t.match(
    checkProcess(facts({ traceable: traceable(undefined, 'ab') }), served, 'ab')[1]!.what,
    /unknown: not permitted/,
  );
});

t.test('its other copy of the library is a warning of this group', async (t) => {
  t.strictSame(marks(checkProcess(facts({ traceable: traceable([], 'cd') }), served, 'ab')), [
    'ok process/served',
    'warning process/copy-5',
    'ok process/armed',
  ]);
});

t.test("a process that is gone, or somebody else's, is a problem", async (t) => {
  t.match(checkFailedProcess(new ProcessError('gone', 5, 'expected a running process, found none')), [
    { todo: /polyprobe ps/ },
  ]);
  t.match(checkFailedProcess(new ProcessError('no-permission', 5, 'expected one')), [
    { todo: 'sudo polyprobe check -p 5' },
  ]);
  t.throws(() => processFacts(2 ** 22 + 1, thisHost(), recognise), { name: 'ProcessError', code: 'gone' });
});

const PROGRAM = 'process.stdin.resume(); console.log("ready")';

t.test('a real program is served when it was started with our environment, and not without', async (t) => {
  const installations = await node.installations();
  const real = runtimes.map((runtime) => ({ runtime, installations }));
  const { buildId } = readProbes(LIBRARY);
  const look = (pid: number): ReturnType<typeof checkProcess> =>
    checkProcess(processFacts(pid, thisHost(), recognise), real, buildId);
  const plain = await startReady('/usr/bin/env', ['-u', 'NODE_OPTIONS', process.execPath, '-e', PROGRAM]);
  t.match(look(plain.pid), [{ level: 'problem', what: /not started by polyprobe run/ }]);
  await stop(plain);
  const assignments = Object.entries(ours).map(([name, value]) => `${name}=${value}`);
  const with_ = await startReady('/usr/bin/env', [...assignments, process.execPath, '-e', PROGRAM]);
  t.match(look(with_.pid), [
    { level: 'ok', what: `process ${with_.pid} is served: node ${process.versions.node} [eval]` },
    { level: 'ok' },
  ]);
  await stop(with_);
});
