/** What programs can see of asynchronous contexts is the same with us, traced or not, and while tracers come and go. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS, type Outcome, type Running } from '../harness/node.js';
import { until, type Tracer } from '../harness/trace.js';
import { hooked } from './context-storm.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const program = join(PROGRAMS, 'context/seen.js');
const ACTIONS = {
  context__switch: '@switches[pid] = count();',
  runtime__hooks: 'printf("hooks %d %lu\\n", pid, arg2);',
} as const;

const MODES = {
  nothing: 'promises, timers and resources that are printed',
  frozen: 'promises that nobody may write on',
  ids: 'numbers of asynchronous contexts',
  stacks: 'stack traces in callbacks',
  overflow: 'a stack that is full wherever something asynchronous begins',
  hooks: "the program's own async hooks",
  destroy: "the program's own async hooks, with destroy",
  storage: "the program's own AsyncLocalStorage",
  promiseHooks: "the program's own promise hooks",
  domain: 'domains',
  uncaught: 'uncaught exceptions and rejections',
};

const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });

async function begun(t: Test, mode: string, env: NodeJS.ProcessEnv): Promise<Running> {
  const running = isolated.start([program, mode], env);
  t.teardown(() => running.child.kill('SIGKILL'));
  await running.line('ready');
  return running;
}

async function once(
  t: Test,
  mode: string,
  env: NodeJS.ProcessEnv,
  ready?: (pid: number) => Promise<void>,
): Promise<unknown> {
  const running = await begun(t, mode, env);
  await ready?.(running.pid);
  running.say('go');
  return said(await running.done);
}

for (const [mode, what] of Object.entries(MODES))
  t.test(`${what}: as without us`, async (t) => {
    const without = await once(t, mode, isolated.plainEnv());
    t.equal((without as Outcome).code, 0);
    t.same(await once(t, mode, isolated.env()), without, 'nobody traces');

    const twice = { PP_TWICE: '1' };
    const plain = await begun(t, mode, isolated.plainEnv(twice));
    const comeAndGone = await begun(t, mode, isolated.env(twice));
    const first = await isolated.attach(t, ACTIONS);
    await hooked(first, comeAndGone.pid, ACTIONS);
    for (const running of [plain, comeAndGone]) {
      running.say('go');
      await running.line('run 1');
    }
    t.same(await once(t, mode, isolated.env(), (pid) => hooked(first, pid, ACTIONS)), without, 'traced from the start');
    await first.stop();
    await unhooked(first);
    for (const running of [plain, comeAndGone]) running.say('go');
    t.same(said(await comeAndGone.done), said(await plain.done), 'a tracer came and went');
  });

t.test(
  'the first microtasks of a program that begins traced have the stack traces that they have without us',
  async (t) => {
    const args = [
      '-e',
      'queueMicrotask(() => console.log(new Error("first").stack)); (async () => (await null, console.log(new Error("second").stack)))()',
    ];
    const without = said(await isolated.run(args, isolated.plainEnv()));
    await isolated.attach(t, { request__start: '@requests = count();' });
    t.same(said(await isolated.run(args)), without);
  },
);

/** Nothing is armed, and the programs have had the time to notice. */
async function unhooked(tracer: Tracer): Promise<void> {
  await until('the sites to be as they were', () => isolated.armed().size === 0 && tracer.process.exitCode !== null);
}
