/** What tracers see of a call: every argument unchanged, every call once. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import t from 'tap';
import { PROBES, type ProbeName } from '../../core/abi/abi.gen.cjs';
import { abi } from '../../core/abi/probes.js';
import { readProbes } from '../../core/elf/notes.js';
import { has, Programs } from './toolchain.js';
import { bpftrace, Lines, noTracefs, Puppet, TraceEvent, untraceable, warmUp } from './tracers.js';

const programs = new Programs('arguments');
const path = programs.program('puppet.c');
const site = (name: ProbeName): string => `usdt:${programs.library}:polyprobe_node:${name}`;
const warmed = (name: ProbeName, body: string): string =>
  `{ if (arg4 == 0) { printf("WARM ${PROBES[name]}\\n"); } else { ${body} } }`;

const U64 = 2n ** 64n;
const extremes = [0n, 1n, U64 - 1n, 2n ** 63n, 2n ** 63n - 1n, 0x0123456789abcdefn, 2n ** 32n, -1n, -(2n ** 63n), -2n];

t.test('bpftrace reads integers in all six arguments, at the extremes', { skip: untraceable() }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const print = 'printf("%llx %llx %llx %llx %llx %llx\\n", arg0, arg1, arg2, arg3, arg4, arg5);';
  const tracer = bpftrace(
    test,
    `${site('function__entry')} /pid == ${puppet.pid}/ ${warmed('function__entry', print)}`,
  );
  await warmUp(puppet, tracer, PROBES.function__entry);
  for (const [turn] of extremes.entries()) {
    const values = [0, 1, 2, 3, 4, 5].map((place) => extremes[(turn + place) % extremes.length]!);
    if (values[4] === 0n) continue; // 0 there is the warm-up's mark
    await puppet.ask(`fire ${PROBES.function__entry} 1 ${values.join(' ')}`);
    const expected = values.map((value) => BigInt.asUintN(64, value).toString(16)).join(' ');
    test.equal(await tracer.line(/^[0-9a-f]+ /), expected);
  }
});

t.test('bpftrace reads strings whole: empty, UTF-8, and as long as it can', { skip: untraceable() }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const sets = [
    ['Class', 'método', '/srv/app/file.js'],
    ['', '', ''],
    ['x'.repeat(198), '日本語', '🙂'],
    ['a%s%n', "'\\", '<>'],
  ];
  // One string at a time: three of the longest together are more than the 512 bytes of a BPF program's stack.
  for (const place of [1, 2, 3]) {
    const print = `printf("<%s>\\n", str(arg${place}));`;
    const tracer = bpftrace(
      test,
      `${site('function__entry')} /pid == ${puppet.pid}/ ${warmed('function__entry', print)}`,
    );
    await warmUp(puppet, tracer, PROBES.function__entry);
    for (const strings of sets) {
      await puppet.ask(`fire ${PROBES.function__entry} 1 1 ${strings.map((text) => `s:${text}`).join(' ')} 7`);
      test.equal(await tracer.line(/^</), `<${strings[place - 1]}>`);
    }
    await tracer.stop();
  }
});

t.test('bpftrace counts every call, by probe, of every probe that fires', { skip: untraceable() }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const served = abi.probes.filter((probe) => probe.runtimes['node']?.served === 'yes');
  const tracer = bpftrace(
    test,
    served
      .map(
        ({ name }) =>
          `usdt:${programs.library}:*:${name} /pid == ${puppet.pid}/ { if (arg0 == 0) { printf("WARM ${PROBES[name as ProbeName]}\\n"); } else { @[probe] = count(); } }`,
      )
      .join('\n'),
  );
  const numbers = served.map(({ name }) => PROBES[name as ProbeName]);
  await warmUp(puppet, tracer, ...numbers);
  for (const number of numbers) await puppet.ask(`fire ${number} ${1000 + number} 1`);
  await tracer.stop();
  for (const { name } of served) {
    const number = PROBES[name as ProbeName];
    test.ok(
      tracer.lines.includes(`@[usdt:${programs.library}:polyprobe_node:${name}]: ${1000 + number}`),
      `${name} fired ${1000 + number} times`,
    );
  }
});

t.test('bpftrace counts 200,000 calls exactly, by their string', { skip: untraceable() }, async (test) => {
  const puppet = await Puppet.start(test, path);
  const tracer = bpftrace(
    test,
    `${site('function__return')} /pid == ${puppet.pid}/ ${warmed('function__return', '@[str(arg2)] = count(); @sum = sum(arg5);')}`,
  );
  await warmUp(puppet, tracer, PROBES.function__return);
  await puppet.ask(`fire ${PROBES.function__return} 150000 1 s: s:one s: 1 2`);
  await puppet.ask(`fire ${PROBES.function__return} 50000 1 s: s:two s: 1 0`);
  await tracer.stop();
  for (const line of ['@[two]: 50000', '@[one]: 150000', '@sum: 300000']) test.ok(tracer.lines.includes(line), line);
});

const noPerf = untraceable() || noTracefs() || (has('perf') ? false : 'needs perf');
t.test("perf finds the notes by the library's build id, counts and records exactly", { skip: noPerf }, async (test) => {
  const home = join(programs.folder, 'home');
  mkdirSync(home);
  const env = { ...process.env, HOME: home, DEBUGINFOD_URLS: '' };
  const perf = (...args: string[]): string =>
    execFileSync('perf', args, { env, encoding: 'utf8', cwd: home, stdio: ['ignore', 'pipe', 'pipe'] });
  // Starts disabled, and says on a pipe that it is enabled.
  const run = async (command: string, ...args: string[]): Promise<Lines> => {
    const child = spawn('perf', [command, '-D', '-1', '--control=fd:3,4', ...args], {
      env,
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    });
    const lines = new Lines(test, child);
    (child.stdio[3] as Writable).write('enable\n');
    await once(child.stdio[4] as Readable, 'data');
    return lines;
  };
  perf('buildid-cache', '--add', programs.library);
  const listed = perf('list', 'sdt', '--no-desc').match(/sdt_polyprobe_node:\w+/g) ?? [];
  test.same(
    new Set(listed),
    new Set(readProbes(programs.library).probes.map((probe) => `sdt_${probe.provider}:${probe.name}`)),
  );
  const added = new Lines(
    test,
    spawn('perf', ['probe', '-f', '--add', 'sdt_polyprobe_node:gc__done'], { env, cwd: home }),
  );
  await added.ended;
  // Where another process has an event of this name, perf adds a number to it.
  const event = /sdt_polyprobe_node:gc__done\w*/.exec(
    [...added.lines, added.stderr].join('\n').split('Added new event')[1] ?? '',
  )![0];
  test.teardown(() => perf('probe', '-d', event));

  const puppet = await Puppet.start(test, path);
  const stat = await run('stat', '-x,', '-e', event, '-p', String(puppet.pid));
  test.equal(await puppet.ask(`armed ${PROBES.gc__done}`), '1');
  await puppet.ask(`fire ${PROBES.gc__done} 12345 s:major 1 2 3 4`);
  await stat.stop();
  test.match(stat.stderr, new RegExp(`^12345,,${event}`, 'm'));
  await puppet.ask(`wait ${PROBES.gc__done} 0`);

  const record = await run('record', '-q', '-o', 'out.data', '-e', event, '-p', String(puppet.pid));
  test.equal(await puppet.ask(`armed ${PROBES.gc__done}`), '1');
  for (const value of extremes) await puppet.ask(`fire ${PROBES.gc__done} 1 s:minor ${value} 1 2 ${value}`);
  await record.stop();
  const lines = perf('script', '-i', 'out.data', '-F', 'event,trace').trim().split('\n');
  test.equal(lines.length, extremes.length);
  for (const [index, value] of extremes.entries()) {
    const unsigned = BigInt.asUintN(64, value);
    test.match(lines[index], new RegExp(`arg2=${unsigned} arg3=1 arg4=2 arg5=${unsigned}$`));
  }
});

t.test('a raw uprobe event reads integers and strings', { skip: noTracefs() }, async (test) => {
  const { offset } = readProbes(programs.library).probes.find((probe) => probe.name === 'load__done')!;
  const puppet = await Puppet.start(test, path);
  const fetch = process.arch === 'arm64' ? ['%x0', '%x1', '%x3', '%x4'] : ['%di', '%si', '%cx', '%r8'];
  const event = new TraceEvent(
    test,
    'load',
    `${programs.library}:0x${offset!.toString(16)} id=${fetch[0]}:x64 name=+0(${fetch[1]}):string ns=${fetch[2]}:u64 error=+0(${fetch[3]}):string`,
    puppet.pid,
  );
  test.equal(await puppet.ask(`armed ${PROBES.load__done}`), '1');
  await puppet.ask(`fire ${PROBES.load__done} 3 -1 s:módulo s:/a/b ${2n ** 63n} s:not found`);
  const events = event.events();
  test.equal(events.length, 3);
  for (const line of events)
    test.match(line, /id=0xffffffffffffffff name="módulo" ns=9223372036854775808 error="not"$/);
});
