/** Tracers come and go, in every state that a program can be in. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import type { ProbeName } from '../../core/abi/abi.gen.cjs';
import { drained, until, totalOf, countsOf, type Tracer } from '../harness/trace.js';
import { PROGRAMS } from '../harness/node.js';
import { Isolated, setOf } from './isolated.js';

const isolated = new Isolated(t);
const go = (what: string): void => writeFileSync(join(isolated.signals, what), '');
const inProgram = (name: string, ...args: string[]): string[] => [join(PROGRAMS, name), ...args];

const WORK_ENTRY = '@entry[pid, str(arg2)] = count();';
const WORK_RETURN = '@return[pid, str(arg2), arg5] = count();';
const BOTH = { function__entry: WORK_ENTRY, function__return: WORK_RETURN };
/** The argument that runtime__hooks tells, by the definition's order. */
const HOOKS = 'printf("hooks %d %lu\\n", pid, arg2);';
const quiet = (): boolean => isolated.armed().size === 0;

/** Lines `hooks PID SET` that a tracer has printed of one process. */
const hooksOf = (tracer: Tracer, pid: number): number[] =>
  tracer
    .printed()
    .flatMap((text) => text.split('\n'))
    .map((line) => line.split(' '))
    .filter(([word, of]) => word === 'hooks' && Number(of) === pid)
    .map(([, , set]) => Number(set));

t.test('a loop that never yields is hooked and unhooked, five times, each with exact counts', async (t) => {
  const [ROUNDS, CALLS] = [5, 10_000];
  const busy = isolated.start(inProgram('attach-busy.js', 'busy', String(ROUNDS), String(CALLS)));
  await busy.line('ready');
  for (let round = 0; round < ROUNDS; round++) {
    const before = Date.now();
    const attaching = isolated.attach(t, {
      function__entry: 'if (arg5 == 0) { @entry[pid, str(arg2)] = count(); }',
      function__return: WORK_RETURN,
    });
    let armed = 0;
    await until('the site', () => isolated.armed().has('function__entry') && (armed = Date.now()) > 0);
    const hooked = Number((await busy.line(`hooked ${round} `)).split(' ')[2]);
    t.comment(
      `hooked ${hooked - armed} ms after the site was seen armed, ${hooked - before} ms after bpftrace's start`,
    );
    const tracer = await attaching;
    // What it counted while it was being attached is of no interest: the calls begin now.
    go(`busy-${round}`);
    await busy.line(`called ${round}`);
    const maps = await tracer.stop();
    const stopped = Date.now();
    const unhooked = Number((await busy.line(`unhooked ${round} `)).split(' ')[2]);
    t.comment(`unhooked ${unhooked - stopped} ms after bpftrace's end`);
    const counts = countsOf(maps, '@entry', busy.pid);
    // `work` also runs while the program waits to be hooked: at most once after it was.
    const extra = counts['work']! - CALLS;
    t.ok(extra === 0 || extra === 1, `round ${round}: ${counts['work']} entries`);
    t.ok([CALLS, CALLS + 1].includes(countsOf(maps, '@return', busy.pid)['work,0']!), 'and as many returns');
  }
  const { code, stderr } = await busy.done;
  t.equal(code, 0, stderr);
});

t.test('two tracers at once count the same, and the second goes on when the first leaves', async (t) => {
  const idle = isolated.start(inProgram('attach-idle.js'));
  await idle.line('ready');
  const first = await isolated.attach(t, BOTH);
  const second = await isolated.attach(t, { ...BOTH, runtime__hooks: HOOKS });
  await until('to be hooked', async () => (await stateOf(idle)) === 'true');
  idle.say('calls 1000');
  await idle.line('called 1000');
  const one = await first.stop();
  idle.say('calls 500');
  await idle.line('called 500');
  idle.say('state second');
  t.equal(await idle.line('state second'), 'state second true', 'still hooked');
  const two = await second.stop();
  t.equal(countsOf(one, '@entry', idle.pid)['work'], 1000);
  t.equal(countsOf(one, '@return', idle.pid)['work,0'], 1000);
  t.equal(countsOf(two, '@entry', idle.pid)['work'], 1500);
  t.equal(countsOf(two, '@return', idle.pid)['work,0'], 1500);
  idle.say('end');
  t.equal((await idle.done).code, 0);
});

t.test('a tracer that is killed leaves no hook behind, and the next one counts exactly', async (t) => {
  const idle = isolated.start(inProgram('attach-idle.js'));
  await idle.line('ready');
  const killed = await isolated.attach(t, BOTH);
  await until('to be hooked', async () => (await stateOf(idle)) === 'true');
  idle.say('calls 100');
  await idle.line('called 100');
  await killed.kill();
  await until('the sites to be as they were', quiet);
  await until('the hooks to be gone', async () => (await stateOf(idle)) === 'false');
  const next = await isolated.attach(t, BOTH);
  await until('to be hooked', async () => (await stateOf(idle)) === 'true');
  idle.say('calls 321');
  await idle.line('called 321');
  const maps = await next.stop();
  t.equal(countsOf(maps, '@entry', idle.pid)['work'], 321);
  t.equal(countsOf(maps, '@return', idle.pid)['work,0'], 321);
  idle.say('end');
  const { code, stderr } = await idle.done;
  t.equal(code, 0);
  t.equal(stderr, '');
});

let asked = 0;
/** Whether an idle program is hooked, in its own word. */
async function stateOf(idle: ReturnType<Isolated['start']>): Promise<string> {
  const question = `q${asked++}`;
  idle.say(`state ${question}`);
  return (await idle.line(`state ${question} `)).split(' ')[2]!;
}

t.test('an idle program is hooked and unhooked without an event of its own', async (t) => {
  const idle = isolated.start(inProgram('attach-idle.js'));
  await idle.line('ready');
  t.equal(await stateOf(idle), 'false');
  const tracer = await isolated.attach(t, { ...BOTH, runtime__hooks: HOOKS });
  const all = setOf(['function__entry', 'function__return', 'runtime__hooks']);
  await until('runtime__hooks', () => hooksOf(tracer, idle.pid).includes(all));
  t.equal(await stateOf(idle), 'true');
  await tracer.stop();
  // Nothing is told to the tracer that has left: another one sees that the hooks went.
  const witness = await isolated.attach(t, { runtime__hooks: HOOKS });
  await until('to be unhooked', () => hooksOf(witness, idle.pid).at(-1) === setOf(['runtime__hooks']));
  t.equal(await stateOf(idle), 'false');
  await witness.stop();
  idle.say('end');
  t.equal((await idle.done).code, 0);
});

for (const probes of [
  ['function__entry'],
  ['function__return'],
  ['gc__start'],
  ['gc__done'],
  ['exception__thrown'],
  ['request__start'],
  ['load__done'],
  ['function__entry', 'gc__done', 'load__start'],
] as ProbeName[][]) {
  t.test(`a tracer of ${probes.join(', ')} hooks that and no more`, async (t) => {
    const idle = isolated.start(['--expose-gc', ...inProgram('attach-idle.js')]);
    await idle.line('ready');
    const tracer = await isolated.attach(t, {
      ...Object.fromEntries(probes.map((name) => [name, `@fired[pid, "${name}"] = count();`])),
      runtime__hooks: HOOKS,
    });
    const set = setOf([...probes, 'runtime__hooks']);
    await until('the last change', () => hooksOf(tracer, idle.pid).at(-1) === set);
    t.equal(await stateOf(idle), String(probes.some((name) => name.startsWith('function__'))));
    idle.say('calls 50');
    await idle.line('called 50');
    idle.say('gc');
    await idle.line('collected');
    const maps = await tracer.stop();
    const fired = countsOf(maps, '@fired', idle.pid);
    for (const name of Object.keys(fired)) t.ok(probes.includes(name as ProbeName), name);
    for (const name of probes)
      if (/function|gc/.test(name)) t.ok((fired[name] ?? 0) >= (name.startsWith('gc') ? 1 : 50), `${name} fires`);
    t.equal(hooksOf(tracer, idle.pid).filter((told) => (told & ~set) !== 0).length, 0, 'nothing else was ever hooked');
    idle.say('end');
    t.equal((await idle.done).code, 0);
  });
}

t.test('a tracer by pid hooks that process alone', async (t) => {
  const [one, other] = [isolated.start(inProgram('attach-idle.js')), isolated.start(inProgram('attach-idle.js'))];
  await Promise.all([one.line('ready'), other.line('ready')]);
  const tracer = await isolated.attach(t, BOTH, { pid: one.pid });
  await until('to be hooked', async () => (await stateOf(one)) === 'true');
  t.equal(await stateOf(other), 'false');
  for (const program of [one, other]) {
    program.say('calls 77');
    await program.line('called 77');
  }
  const maps = await tracer.stop();
  t.equal(countsOf(maps, '@entry', one.pid)['work'], 77);
  t.equal(countsOf(maps, '@return', one.pid)['work,0'], 77);
  t.equal(totalOf(maps, '@entry', other.pid), 0);
  await until('to be unhooked', async () => (await stateOf(one)) === 'false');
  for (const program of [one, other]) {
    program.say('end');
    t.equal((await program.done).code, 0);
  }
});

/** An event of a function, in the order in which it happened. */
interface Told {
  readonly what: 'entry' | 'return';
  readonly name: string;
  readonly as: number;
}

/** Each event with its time: those of two processors arrive in any order. */
const SEQUENCE = {
  function__entry: 'printf("%lu %d entry %s %d\\n", nsecs, pid, str(arg2), arg5);',
  function__return: 'printf("%lu %d return %s %d\\n", nsecs, pid, str(arg2), arg5);',
};

function sequenceOf(tracer: Tracer, pid: number): Told[] {
  return tracer
    .printed()
    .flatMap((text) => text.split('\n'))
    .map((line) => line.split(' '))
    .filter((words) => words.length === 5 && Number(words[1]) === pid)
    .sort(([a], [b]) => (BigInt(a!) < BigInt(b!) ? -1 : 1))
    .map(([, , what, name, as]) => ({ what: what as Told['what'], name: name!, as: Number(as) }));
}

/** Pairs returns with entries; gives the returns that had none, and what stayed open. A wrong pair fails the test. */
function paired(t: Test, told: readonly Told[]): { orphans: string[]; open: string[] } {
  const stack: string[] = [];
  const orphans: string[] = [];
  for (const { what, name } of told) {
    if (what === 'entry') stack.push(name);
    else if (stack.at(-1) === name) stack.pop();
    else {
      t.notOk(stack.includes(name), `${name} returns over ${stack.join(' > ')}`);
      orphans.push(name);
    }
  }
  return { orphans, open: stack };
}

t.test('calls that are open when tracers come and go are told truly', async (t) => {
  const program = isolated.start(inProgram('attach-open.js'));
  await program.line('holding attached');
  const first = await isolated.attach(t, SEQUENCE);
  go('attached');
  const inners = (tracer: Tracer): number =>
    sequenceOf(tracer, program.pid).filter(({ name, what }) => name === 'inner' && what === 'return').length;
  // It ends when the hooks are gone, which this tracer keeps: it holds in front of the next attach.
  await until('inner', () => inners(first) === 1);
  await first.stop();
  t.same(
    paired(t, sequenceOf(first, program.pid)),
    { orphans: [], open: [] },
    'frames that were open at the attach are not told of when they return',
  );

  await program.line('holding thrown');
  const second = await isolated.attach(t, SEQUENCE);
  go('thrown');
  await until('catches', () => inners(second) === 2);
  await second.stop();
  t.same(paired(t, sequenceOf(second, program.pid)), { orphans: [], open: [] }, 'nor when an exception leaves them');

  await program.line('done open');
  const third = await isolated.attach(t, SEQUENCE);
  program.say('leave');
  await program.line('hooked leaving');
  await program.line('holding detached');
  await drained(third);
  await third.stop();
  go('detached');
  await program.line('done detached');
  const left = paired(t, sequenceOf(third, program.pid));
  t.same(left.open.slice(-2), ['leaves', 'stays'], 'frames that are open at the detach stay open');

  for (const way of [0, 1]) {
    const before = await isolated.attach(t, SEQUENCE);
    program.say('suspend');
    await program.line(`hooked suspending ${way}`);
    await program.line(`suspended ${way}`);
    await drained(before);
    await before.stop();
    const suspended = sequenceOf(before, program.pid);
    t.equal(suspended.filter(({ name, what, as }) => name === 'steps' && what === 'return' && as === 1).length, 3);
    t.same(paired(t, suspended).open, [], 'all are suspended');
    await until('the hooks to be gone', quiet);
    const after = await isolated.attach(t, SEQUENCE);
    program.say('resume');
    await program.line(`hooked resuming ${way}`);
    await program.line(`resumed ${way}`);
    await drained(after);
    await after.stop();
    const resumed = sequenceOf(after, program.pid);
    const { orphans, open } = paired(t, resumed);
    t.same({ orphans, open }, { orphans: [], open: [] }, 'each entry has its return');
    const count = (name: string, what: string): number =>
      resumed.filter((event) => event.name === name && event.what === what).length;
    t.equal(count('inner', 'entry'), 6, 'inner');
    // Resumed by a value it is told; by a rejection, an old token says nothing of whether it was suspended.
    t.equal(count('later', 'entry'), way === 0 ? 1 : 0);
    // One generator is resumed three times; return() and throw() resume the others without a word.
    t.equal(count('steps', 'entry'), 3);
  }
  program.say('end');
  const { code, stderr } = await program.done;
  t.equal(code, 0, stderr);
});

t.test('hooks come back in a program that is stopped and continued', async (t) => {
  const idle = isolated.start(inProgram('attach-idle.js'));
  await idle.line('ready');
  idle.child.kill('SIGSTOP');
  const tracer = await isolated.attach(t, BOTH);
  idle.child.kill('SIGCONT');
  await until('to be hooked', async () => (await stateOf(idle)) === 'true');
  idle.say('calls 9');
  await idle.line('called 9');
  idle.child.kill('SIGTERM');
  await once(idle.child, 'exit');
  const maps = await tracer.stop();
  t.equal(countsOf(maps, '@entry', idle.pid)['work'], 9);
});
