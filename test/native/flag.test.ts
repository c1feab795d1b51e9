/** The site as a flag: it says whether a tracer is there, in every way in which tracers come and go. */
import t from 'tap';
import { PROBES } from '../../core/abi/abi.gen.cjs';
import { readProbes } from '../../core/elf/notes.js';
import { Programs } from './toolchain.js';
import { bpftrace, noTracefs, Puppet, TraceEvent, untraceable, warmUp } from './tracers.js';

const programs = new Programs('flag');
const path = programs.program('puppet.c');
const GC = PROBES.gc__start;
const LOAD = PROBES.load__start;
const site = (name: string): string => `usdt:${programs.library}:polyprobe_node:${name}`;
/** Counts what comes after the warm-up's events, whose first argument is 0. */
const counting = (name: keyof typeof PROBES, pid: number): string =>
  `${site(name)} /pid == ${pid}/ { if (arg0 == 0) { printf("WARM ${PROBES[name]}\\n"); } else { @fired = count(); } }`;
const skip = untraceable();

t.test('attached by path, a tracer arms the site that it asked for, and no other', { skip }, async (test) => {
  const puppet = await Puppet.start(test, path);
  test.equal(await puppet.ask(`armed ${GC}`), '0');
  const tracer = bpftrace(test, counting('gc__start', puppet.pid));
  test.equal(await puppet.ask(`wait ${GC} 1`), 'ok');
  for (const [name, number] of Object.entries(PROBES)) {
    if (number === GC || !readProbes(programs.library).probes.some((probe) => probe.name === name)) continue;
    test.equal(await puppet.ask(`armed ${number}`), '0', name);
  }
  await warmUp(puppet, tracer, GC);
  await puppet.ask(`fire ${GC} 10000 1`);
  await tracer.stop();
  test.ok(tracer.lines.includes('@fired: 10000'), 'each call was counted');
  test.equal(await puppet.ask(`wait ${GC} 0`), 'ok', 'gone when the tracer has left');
});

t.test('attached by -p, a tracer arms that process alone', { skip }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const other = await Puppet.start(test, path);
  const tracer = bpftrace(test, counting('gc__start', puppet.pid), '-p', String(puppet.pid));
  await warmUp(puppet, tracer, GC);
  test.equal(await puppet.ask(`armed ${GC}`), '1');
  test.equal(await other.ask(`armed ${GC}`), '0');
  await other.ask(`fire ${GC} 50 1`);
  await puppet.ask(`fire ${GC} 777 1`);
  await tracer.stop();
  test.ok(tracer.lines.includes('@fired: 777'));
  test.equal(await puppet.ask(`wait ${GC} 0`), 'ok');
});

t.test('after SIGKILL of the tracer the site is itself again', { skip }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const tracer = bpftrace(test, counting('gc__start', puppet.pid));
  await warmUp(puppet, tracer, GC);
  await tracer.stop('SIGKILL');
  test.equal(await puppet.ask(`wait ${GC} 0`), 'ok');
});

t.test('a child of a fork is armed as its parent is, and fires', { skip }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const tracer = bpftrace(
    test,
    `${site('gc__start')} { if (arg0 == 0) { printf("WARM ${GC}\\n"); } else { @fired[pid] = count(); } }`,
  );
  await warmUp(puppet, tracer, GC);
  const child = (await puppet.ask('fork')).split(' ')[1]!;
  test.equal(await puppet.ask(`armed ${GC}`), '1', 'in the child');
  await puppet.ask(`fire ${GC} 4321 1`);
  const grandchild = (await puppet.ask('fork')).split(' ')[1]!;
  await puppet.ask(`fire ${GC} 5 1`);
  test.equal(await puppet.ask('exit'), 'child ended 0');
  test.equal(await puppet.ask('exit'), 'child ended 0');
  await puppet.ask(`fire ${GC} 9 1`);
  await tracer.stop();
  for (const [pid, times] of [
    [child, 4321],
    [grandchild, 5],
    [puppet.pid, 9],
  ])
    test.ok(tracer.lines.includes(`@fired[${pid}]: ${times}`), `${times} from ${pid}`);
});

t.test(
  'a child that was forked armed sees the tracer leave, and one forked before sees it come',
  { skip },
  async (test) => {
    const puppet = await Puppet.start(test, path);
    await puppet.ask('fork');
    const tracer = bpftrace(test, `${site('gc__start')} { if (arg0 == 0) { printf("WARM ${GC}\\n"); } }`);
    test.equal(await puppet.ask(`wait ${GC} 1`), 'ok', 'the child sees it come');
    await warmUp(puppet, tracer, GC);
    await puppet.ask('fork');
    test.equal(await puppet.ask(`armed ${GC}`), '1');
    await tracer.stop('SIGKILL');
    test.equal(await puppet.ask(`wait ${GC} 0`), 'ok', 'the grandchild sees it leave');
    test.equal(await puppet.ask('exit'), 'child ended 0');
    test.equal(await puppet.ask('exit'), 'child ended 0');
  },
);

t.test(
  'two tracers at once both count everything, and the site stays armed till the last has left',
  { skip },
  async (test) => {
    const puppet = await Puppet.start(test, path);
    const one = bpftrace(test, counting('gc__start', puppet.pid));
    const two = bpftrace(test, counting('gc__start', puppet.pid), '-p', String(puppet.pid));
    await warmUp(puppet, one, GC);
    await warmUp(puppet, two, GC);
    await puppet.ask(`fire ${GC} 2500 1`);
    await one.stop();
    test.equal(await puppet.ask(`armed ${GC}`), '1', 'one is left');
    await puppet.ask(`fire ${GC} 500 1`);
    await two.stop();
    test.ok(one.lines.includes('@fired: 2500'), one.lines.join('\n'));
    test.ok(two.lines.includes('@fired: 3000'), two.lines.join('\n'));
    test.equal(await puppet.ask(`wait ${GC} 0`), 'ok');
  },
);

t.test('twenty tracers, one after the other, each find the site and leave it clean', { skip }, async (test) => {
  const puppet = await Puppet.start(test, path);
  for (let turn = 1; turn <= 20; turn++) {
    const tracer = bpftrace(test, counting('load__start', puppet.pid), ...(turn % 2 ? [] : ['-p', String(puppet.pid)]));
    await warmUp(puppet, tracer, LOAD);
    await puppet.ask(`fire ${LOAD} ${100 + turn} 1`);
    await tracer.stop(turn % 5 === 0 ? 'SIGKILL' : 'SIGINT');
    if (turn % 5 !== 0) test.ok(tracer.lines.includes(`@fired: ${100 + turn}`), `turn ${turn}`);
    test.equal(await puppet.ask(`wait ${LOAD} 0`), 'ok');
  }
});

t.test(
  'a program that starts while the tracer is there is armed from its first instruction',
  { skip: noTracefs() },
  async (test) => {
    const { offset } = readProbes(programs.library).probes.find((probe) => probe.name === 'gc__start')!;
    const event = new TraceEvent(test, 'early', `${programs.library}:0x${offset!.toString(16)}`);
    const puppet = await Puppet.start(test, path);
    test.equal(await puppet.ask(`armed ${GC}`), '1');
    await puppet.ask(`fire ${GC} 33 1`);
    test.equal(event.hits(), 33);
  },
);
