/**
 * Programs that do to the language whatever it allows, and then load more files: they run as without us, and what they load
 * is traced all the same.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import t from 'tap';
import { probes } from '../../core/abi/probes.js';
import { PROGRAMS, type Outcome } from '../harness/node.js';
import { countsOf, totalOf, until, type Actions, type Tracer } from '../harness/trace.js';
import { Isolated, setOf } from './isolated.js';

const isolated = new Isolated(t);
const folder = join(PROGRAMS, 'hostile');
const CASES = Object.keys(createRequire(import.meta.url)(join(folder, 'cases.js')) as object);

/** Called by `sync` in work.js; later.js is the same file. */
const KNOWN_CALLS = 5;
/** How often a case calls `sync`, if not once before and once after. */
const ROUNDS: Record<string, number> = {
  'loader replaced': 1,
  'formatter that throws': 3,
  // The second file is loaded where hardly any stack is left: it runs as it is.
  'the stack exhausted': 1,
  // It takes the hooks out as well.
  emptied: 1,
};

/**
 * But requests and calls, and what follows them: with a hook on asynchronous work, and in each tick, which the sockets of
 * these need, Node itself calls the program's Function.prototype.apply and Array.prototype.pop.
 */
const EVERYTHING: Actions = Object.fromEntries(
  probes
    .filter(({ name, runtimes }) => runtimes.node.served === 'yes' && !/^(context|request|call)__/.test(name))
    .map(({ name }) => [name, '@fired[pid, probe] = count();']),
);

const said = ({ code, signal, stdout, stderr }: Outcome): unknown => ({ code, signal, stdout, stderr });
const run = (name: string, env: NodeJS.ProcessEnv, rounds = 0): Promise<Outcome> =>
  isolated.run(['main.js', name, String(rounds)], env, folder);

const plain = new Map<string, Outcome>();

t.test('a program that is hostile to its own language runs as without us', async (t) => {
  for (const name of CASES) {
    const without = await run(name, isolated.plainEnv());
    plain.set(name, without);
    const ours = await run(name, isolated.env());
    t.same(said(ours), said(without), name);
    t.same([without.code, without.stderr], [0, ''], 'and runs at all');
    t.notMatch(ours.stdout, /__pp_/);
  }
});

t.test('also while everything is traced', async (t) => {
  const tracer = await isolated.attach(t, {
    ...EVERYTHING,
    function__entry: '@fired[pid, probe] = count(); @entries[pid, str(arg2)] = count();',
    function__return: '@fired[pid, probe] = count(); @returns[pid, str(arg2)] = count();',
  });
  const ran: [name: string, pid: number][] = [];
  for (const name of CASES) {
    const ours = await run(name, isolated.env());
    t.same(said(ours), said(plain.get(name)!), name);
    ran.push([name, ours.pid]);
  }
  const maps = await tracer.stop();
  for (const [name, pid] of ran) {
    const entries = countsOf(maps, '@entries', pid);
    t.equal(entries['known'], KNOWN_CALLS * (ROUNDS[name] ?? 2), `${name}: calls are told exactly`);
    t.same(countsOf(maps, '@returns', pid), entries, `${name}: each call returns`);
    t.ok(totalOf(maps, '@fired', pid) > 0);
  }
});

t.test('tracers come to a program that has been hostile, and go', async (t) => {
  const calls: Actions = {
    function__entry: '@entries[pid, str(arg2)] = count();',
    runtime__hooks: 'printf("hooks %d\\n", arg2);',
  };
  for (const [name, isTraced] of [
    ['Function.prototype broken', true],
    ['Array.prototype broken', true],
    ['no iteration of arrays', true],
    ['Object.prototype.get', true],
    ['the language hardened', true],
    ['constructors replaced', true],
    ['emptied', true],
    ['orphaned', true],
    ['sealed', false],
    ['frozen', false],
    ['everything hardened', false],
  ] as const)
    await t.test(name, async (t) => {
      const go = (round: number): void => writeFileSync(join(isolated.signals, `${name} ${round}`), '');
      const running = isolated.start(['main.js', name, '3'], isolated.env(), folder);
      const ready = (round: number): Promise<void> =>
        until(`round ${round}`, () => running.lines().filter((line) => line === 'ready').length === round);
      const hooks = (tracer: Tracer): Promise<void> =>
        until('the hooks', () => tracer.printed().includes(`hooks ${setOf(Object.keys(calls))}\n`));
      await ready(1);
      const tracer = await isolated.attach(t, calls, { pid: running.pid });
      await hooks(tracer);
      go(1);
      await ready(2);
      const first = await tracer.stop();
      go(2);
      await ready(3);
      const again = await isolated.attach(t, calls, { pid: running.pid });
      await hooks(again);
      go(3);
      const ours = await running.done;
      const second = await again.stop();
      t.same(said(ours), said(await run(name, isolated.plainEnv(), 3)));
      for (const counted of [first, second])
        t.equal(countsOf(counted, '@entries', running.pid)['known'], isTraced ? 2 * KNOWN_CALLS : undefined);
    });
});
