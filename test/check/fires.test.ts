import { existsSync } from 'node:fs';
import t from 'tap';
import { abi } from '../../core/abi/probes.js';
import { checkFires, type FiresFacts, type Found } from '../../core/check/fires.js';
import { thisHost } from '../../core/check/host.js';
import { interpreters } from '../../core/check/interpreters.js';
import type { Outcome, Subject } from '../../core/check/session.js';
import type { Finding } from '../../core/check/types.js';
import { node } from '../../core/runtimes/node.js';
import { untraceable } from '../native/tracers.js';
import { machine, marks } from './machine.js';

const installation = { path: '/usr/bin/node', version: '20.20.2', served: true, how: '', todo: '' };
const entry = (id: string): Found['interpreter'] => interpreters.find((interpreter) => interpreter.id === id)!;
const python: Found = { interpreter: entry('python'), path: '/usr/bin/python3.11', version: '3.11.2' };
const counted = (provider: string, counts: Record<string, number>): Outcome => ({
  probes: Object.entries(counts).map(([name, count]) => ({ provider, name, path: '/x', count })),
});
const served = abi.probes.filter((probe) => probe.runtimes['node']!.served === 'yes').map(({ name }) => name);
const all = (count: number): Record<string, number> => Object.fromEntries(served.map((name) => [name, count]));

/** Answers the exercises in their order, and keeps what was asked. */
function fires(outcomes: Outcome[], facts: Partial<FiresFacts>): { found: Promise<Finding[]>; asked: Subject[] } {
  const asked: Subject[] = [];
  const exercise = (subject: Subject): Promise<Outcome> => {
    asked.push(subject);
    return Promise.resolve(outcomes.shift()!);
  };
  const found = checkFires(machine({ env: { PATH: '/bin', NODE_OPTIONS: '--no-addons' } }), {
    abi,
    runtimes: [],
    interpreters: [],
    exercise,
    ...facts,
  });
  return { found, asked };
}
const withNode = { runtimes: [{ runtime: node, installations: [installation] }] };

t.test('without root, or without bpftrace, the group says so and is no failure', async (t) => {
  const facts = { abi, runtimes: [], interpreters: [] };
  t.match(await checkFires(machine({ uid: 1000 }), facts), [
    { level: 'note', what: /only root may trace/, todo: 'sudo polyprobe check' },
  ]);
  t.match(await checkFires(machine({ commands: { '/usr/bin/bpftrace --version': null } }), facts), [
    { level: 'note', what: /bpftrace is not installed/, todo: /apt-get install bpftrace/ },
  ]);
  t.strictSame(await checkFires(machine({ platform: 'darwin' }), facts), []);
});

t.test('probes that fire are told with their counts', async (t) => {
  const { found } = fires([counted('polyprobe_node', all(3))], withNode);
  t.match(await found, [{ level: 'ok', what: `${served.length} of ${served.length} probes of polyprobe_node fire` }]);
});

t.test('a probe of ours that is dead is a problem', async (t) => {
  const { found } = fires([counted('polyprobe_node', { ...all(3), gc__done: 0 })], withNode);
  t.match((await found)[1], { level: 'problem', what: /listed, but dead: gc__done$/ });
});

t.test('a probe that the definition serves and the process does not list is a problem', async (t) => {
  const { gc__done: _, ...rest } = all(1);
  t.match((await fires([counted('polyprobe_node', rest)], withNode).found)[1], {
    level: 'problem',
    what: /lists no gc__done$/,
  });
});

t.test('what could not be tested is a warning', async (t) => {
  t.match(await fires([{ error: 'bpftrace failed: why' }], withNode).found, [
    { level: 'warning', what: /could not be tested: bpftrace failed: why/ },
  ]);
});

t.test('the program runs with our environment alone, in a folder of its own that is removed', async (t) => {
  const { found, asked } = fires([counted('polyprobe_node', all(1))], withNode);
  await found;
  const [subject] = asked;
  t.equal(subject!.env['PATH'], '/bin');
  t.notMatch(subject!.env['NODE_OPTIONS'], /no-addons/);
  const file = subject!.args.at(-1)!;
  t.equal(subject!.env['POLYPROBE_INCLUDE'], file);
  t.notOk(existsSync(file));
  const bits = subject!.awaits!.bits([
    { provider: '', name: abi.probes[0]!.name, path: '' },
    { provider: '', name: abi.probes[4]!.name, path: '' },
  ]);
  t.equal(bits, 0b10001n);
});

t.test("an interpreter's dead probes are warnings with their own advice", async (t) => {
  const together = counted('python', { function__entry: 5, function__return: 5, line: 9, gc__start: 0 });
  const alone = counted('python', { function__entry: 0, function__return: 5 });
  const { found, asked } = fires([together, alone], { interpreters: [python] });
  t.strictSame(marks(await found), [
    'ok fires/python@/usr/bin/python3.11',
    'warning fires/python@/usr/bin/python3.11/dead/function__entry',
    'warning fires/python@/usr/bin/python3.11/dead/gc__start',
  ]);
  t.match((await found)[1], { what: /listed, but dead: python:function__entry$/, todo: /attach python:line as well/ });
  t.equal(asked.length, 2);
  const wanted = (name: string): boolean => asked[1]!.wanted({ provider: 'python', name } as never, {} as never);
  t.strictSame([wanted('function__entry'), wanted('line')], [true, false]);
});

t.test('probes that are dead in company are not tried by themselves', async (t) => {
  const { found, asked } = fires([counted('python', { function__entry: 0, gc__start: 1 })], { interpreters: [python] });
  t.equal((await found).length, 2);
  t.equal(asked.length, 1);
});

t.test("probes of a program's start and end are not tried", async (t) => {
  const php = { interpreter: entry('php'), path: '/usr/bin/php8.2', version: '8.2.7' };
  const { found, asked } = fires([{ probes: [] }], { interpreters: [php] });
  await found;
  const wanted = (name: string): boolean => asked[0]!.wanted({ provider: 'php', name } as never, {} as never);
  t.strictSame([wanted('request__startup'), wanted('function__entry')], [false, true]);
});

t.test('an interpreter without probes is fine', async (t) => {
  t.strictSame(await fires([{ probes: [] }], { interpreters: [python] }).found, []);
});

t.test('Ruby and PHP have advice of their own', async (t) => {
  const ruby = { interpreter: entry('ruby'), path: '/usr/bin/ruby3.1', version: '3.1.2' };
  const php = { interpreter: entry('php'), path: '/usr/bin/php8.2', version: '8.2.7' };
  const outcomes = [
    counted('ruby', { method__entry: 0, gc__mark__begin: 3 }),
    counted('php', { function__entry: 0, execute__entry: 0 }),
  ];
  const [, method, dead] = await fires(outcomes, { interpreters: [ruby, php] }).found;
  t.match(method, { what: /ruby:method__entry$/, todo: /TracePoint/ });
  t.match(dead, { what: /php:function__entry, php:execute__entry$/, todo: /USE_ZEND_DTRACE=1/ });
});

t.test('here, all of Node.js fires', { skip: untraceable() }, async (t) => {
  const here = [{ ...installation, path: process.execPath, version: process.versions.node }];
  const found = await checkFires(thisHost(), {
    abi,
    runtimes: [{ runtime: node, installations: here }],
    interpreters: [],
  });
  t.strictSame(marks(found), [`ok fires/node@${process.execPath}`], JSON.stringify(found));
  t.match(found[0]!.what, `${served.length} of ${served.length} probes`);
});

const noPython = existsSync(python.path) ? untraceable() : `needs ${python.path}`;

t.test(
  "here, Debian's Python lists function__entry, which is dead, and its other probes fire",
  { skip: noPython },
  async (t) => {
    const found = await checkFires(thisHost(), { abi, runtimes: [], interpreters: [python] });
    t.strictSame(
      marks(found),
      ['ok fires/python@/usr/bin/python3.11', 'warning fires/python@/usr/bin/python3.11/dead/function__entry'],
      JSON.stringify(found),
    );
    for (const name of [
      'function__return',
      'line',
      'gc__start',
      'gc__done',
      'audit',
      'import__find__load__start',
      'import__find__load__done',
    ])
      t.match(found[0]!.what, new RegExp(`\\b${name} \\([1-9]`));
  },
);
