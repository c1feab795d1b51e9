/** The watcher: what it tells, on what thread, how it ends; processes that are made while it runs; a real tracer. */
import t from 'tap';
import { spawn } from 'node:child_process';
import { readProbes } from '../../core/elf/notes.js';
import { PROBES } from '../../core/abi/abi.gen.cjs';
import { Programs, run } from './toolchain.js';
import { bpftrace, Lines, noTracefs, TraceEvent, untraceable } from './tracers.js';

const programs = new Programs('watcher');
const alone = programs.program('watcher.c');
const forking = programs.program('watcher_fork.c');

const sentences: [path: string, name: string, sentence: string, said?: RegExp][] = [
  [alone, 'refuses', 'bad arguments are refused with EINVAL, and start no thread'],
  [
    alone,
    'tells',
    'changes are told both ways, to every watch of the site, till it is closed; the last one ends the thread',
  ],
  [alone, 'unarmed', 'sites that nobody arms are not told'],
  [alone, 'is_quiet', 'the thread blocks all signals and wakes up once in POLYPROBE_WATCH_MS at most', /wake-ups/],
  [alone, 'closes_inside', 'a watch can be closed from within its own callback, and another one too'],
  [alone, 'closes_while_running', 'closing waits for the callback that runs, and what is opened meanwhile is served'],
  [alone, 'many_at_once', 'threads can open and close watches all at once'],
  [alone, 'exits', 'exit ends the process while a callback runs'],
  [alone, 'main_leaves', 'a process whose main thread leaves by pthread_exit ends, though the watcher runs', /left/],
  [forking, 'resumes', 'a forked child has no thread till it resumes the watcher, and then is told what changed'],
  [forking, 'cut_off', 'a change whose telling a fork cut off is told again in the child'],
  [forking, 'storm', 'forks from many threads, with watches opened and closed meanwhile, never deadlock'],
  [forking, 'spawns', 'a thousand programs are started by fork, vfork and posix_spawn'],
  [forking, 'nothing_is_left_behind', 'the watcher holds no descriptor that a started program could inherit'],
  [forking, 'large_storage', 'a program with a megabyte of thread-local storage can watch'],
];

for (const [path, name, sentence, said] of sentences)
  await t.test(sentence, (test) => {
    const outcome = run(path, [name]);
    test.equal(outcome.stderr, '');
    test.equal(outcome.signal, null);
    test.equal(outcome.status, 0);
    if (said) test.match(outcome.stdout, said);
    if (outcome.stdout) test.comment(outcome.stdout.trim());
    test.end();
  });

await t.test('the library stays when it is unloaded with watches open', (test) => {
  const outcome = run(programs.program('loading.c'), [programs.library]);
  test.equal(outcome.stderr, '');
  test.equal(outcome.stdout, 'stays\n');
  test.end();
});

const watching = programs.program('watching.c');

await t.test('a tracer that comes and goes is told, both times', { skip: untraceable() }, async (test) => {
  const program = new Lines(test, spawn(watching, { stdio: ['pipe', 'pipe', 'pipe'] }));
  await program.line(/^ready/);
  const library = `usdt:${programs.library}:polyprobe_node`;
  const bit = (...numbers: number[]): string =>
    numbers.reduce((bits, number) => bits | (1n << BigInt(number)), 0n).toString(16);
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const tracer = bpftrace(test, `${library}:gc__start { @ = count(); } ${library}:load__done { @ = count(); }`);
    // Sites are armed one after the other, so the first telling may be of one.
    await program.line(new RegExp(`^changed ${bit(PROBES.gc__start, PROBES.load__done)} `));
    await tracer.until(({ lines }) => lines.some((line) => line.startsWith('Attach')), 'attached');
    await tracer.stop(signal);
    await program.line(/^changed 0 /);
  }
});

await t.test('from arming to telling: at most a few of the watcher’s turns', { skip: noTracefs() }, async (test) => {
  const program = new Lines(test, spawn(watching, { stdio: ['pipe', 'pipe', 'pipe'] }));
  await program.line(/^ready/);
  const { offset } = readProbes(programs.library).probes.find((probe) => probe.name === 'gc__done')!;
  const ms: number[] = [];
  for (let turn = 0; turn < 10; turn++) {
    await test.test(`turn ${turn}`, async (inner) => {
      new TraceEvent(inner, 'told', `${programs.library}:0x${offset!.toString(16)}`);
      const line = await program.line(/^changed [1-9a-f]/);
      ms.push(Number(line.split(' ')[2]));
    });
    ms.push(Number((await program.line(/^changed 0 /)).split(' ')[2]));
  }
  test.equal(ms.length, 20);
  test.comment(`from the site's change to the callback, ms: ${ms.join(' ')}`);
});
