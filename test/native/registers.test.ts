/** A stub is a function that changes nothing, whether a tracer has armed it or not. */
import t from 'tap';
import { readProbes } from '../../core/elf/notes.js';
import { Programs, run } from './toolchain.js';
import { noTracefs, TraceEvent } from './tracers.js';

for (const returns of [0, 8, 16, 32]) {
  const programs = new Programs(`registers-${returns}`, { cmake: [`-DPOLYPROBE_RETURN_STACK=${returns}`] });
  const offset = (name: string): string => {
    const probe = readProbes(programs.library).probes.find((one) => one.name === name)!;
    return `${programs.library}:0x${probe.offset!.toString(16)}`;
  };
  const title = `POLYPROBE_RETURN_STACK=${returns}`;

  await t.test(`${title}: a stub that isn't armed keeps every register at every depth`, (test) => {
    const outcome = run(programs.program('registers.c'), ['2000']);
    test.equal(outcome.stderr, '');
    test.equal(outcome.stdout, 'armed 0 fired 82000\n');
    test.end();
  });

  await t.test(`${title}: an armed stub does too, and each call is seen`, { skip: noTracefs() }, (test) => {
    const path = programs.program('registers.c');
    const event = new TraceEvent(test, `registers_${returns}`, offset('gc__start'));
    const outcome = run(path, ['500']);
    test.equal(outcome.stderr, '');
    test.equal(outcome.stdout, 'armed 1 fired 20500\n');
    test.equal(event.hits(), 20500);
    test.end();
  });

  await t.test(`${title}: exceptions pass, and a stub that a signal finds running can be unwound`, (test) => {
    const outcome = run(programs.program('unwind.cc'), ['4000']);
    test.equal(outcome.stderr, '');
    test.match(outcome.stdout, /^armed 0 fired \d+ in_stub \d+\n$/);
    test.end();
  });

  await t.test(`${title}: exceptions and signals while it is armed`, { skip: noTracefs() }, (test) => {
    const path = programs.program('unwind.cc');
    const event = new TraceEvent(test, `unwind_${returns}`, offset('function__entry'));
    const outcome = run(path, ['2000']);
    test.equal(outcome.stderr, '');
    const fired = Number(/^armed 1 fired (\d+) in_stub \d+\n$/.exec(outcome.stdout)?.[1]);
    test.equal(event.hits(), fired);
    test.end();
  });
}
