/** The other tools, each on a known pattern. */
import t from 'tap';
import { parseLine, sortLines } from '../../core/tracer/live.js';
import { chart } from '../../core/tracer/present.js';
import { Programs } from '../native/toolchain.js';
import { untraceable } from '../native/tracers.js';
import { Pattern, compile, lines, traced } from './programs.js';

const skip = untraceable();
if (skip) t.plan(0, `skipped: ${skip}`);
else {
  const path = compile(new Programs('trace-tools'));

  void t.test("gc: pauses by kind, with the runtime's own durations", async (t) => {
    const pattern = await Pattern.start(t, path);
    const script = [
      'gc scavenge 4194304 1048576 1500000',
      'gc scavenge 4194304 2097152 500000',
      'gc mark-sweep 10 5 9000000',
    ];
    const { value, charts } = await traced(t, 'gc', pattern, ...script);
    const [first, second] = value['collections'] as Record<string, unknown>[];
    t.match(first, { pid: pattern.pid, kind: 'mark-sweep', count: 1, total_ns: 9_000_000, freed_bytes: 5 });
    t.match(second, {
      ...{ kind: 'scavenge', count: 2, total_ns: 2_000_000, longest_ns: 1_500_000, freed_bytes: 5_242_880 },
      ...{ heap_before_mean_bytes: 4_194_304, heap_after_mean_bytes: 1_572_864 },
    });
    t.match(second?.['pause_us'], [{ min: 256, max: 511, count: 1 }, { count: 0 }, { min: 1024, max: 2047, count: 1 }]);
    t.same(
      charts.map(({ title }) => title),
      ['mark-sweep pauses', 'scavenge pauses'],
    );
    t.match(chart('x', charts[1]!.bars), /256 us to 512 us +1 +█+\n +512 us to 1 ms +0\s+1 ms to 2 ms +1 /);
  });

  void t.test('gc: a runtime without a clock is timed by the tracer', async (t) => {
    const pattern = await Pattern.start(t, path);
    const { value } = await traced(t, 'gc', pattern, 'gc major 0 0 0');
    const [row] = value['collections'] as { total_ns: number }[];
    t.ok(row!.total_ns > 0 && row!.total_ns < 1e9, `${row!.total_ns}`);
  });

  void t.test('requests: by method and target, with statuses, bytes and errors', async (t) => {
    const pattern = await Pattern.start(t, path);
    const { value } = await traced(
      t,
      'requests',
      pattern,
      ...['request GET /a,b 200 1000 5000000 -', 'request GET /a,b 500 10 2000000 boom, said it'],
      ...['request POST /x 201 7 1000 -', 'open GET /slow'],
    );
    t.match(value['requests'], [
      {
        ...{ method: 'GET', target: '/a,b', count: 2, total_ns: 7_000_000, sent_bytes: 1010, errors: 1 },
        ...{ status: { 200: 1, 500: 1 } },
      },
      { method: 'POST', target: '/x', count: 1, total_ns: 1000, sent_bytes: 7, errors: 0, status: { 201: 1 } },
    ]);
    t.equal((value['requests'] as unknown[]).length, 2, 'the open one is left out');
  });

  void t.test('exceptions: by class, message and place, whatever stands in the message', async (t) => {
    const pattern = await Pattern.start(t, path);
    const message = 'a, b,1,2,3,"quoted" \\ back, ünïcode';
    const { value } = await traced(
      t,
      'exceptions',
      pattern,
      ...[`throw TypeError 12 ${message}`, `throw TypeError 12 ${message}`, 'throw TypeError 13 other'],
    );
    t.same(value['exceptions'], [
      { class: 'TypeError', message, function: 'thrower', file: '/app/pattern.js', line: 12, count: 2 },
      { class: 'TypeError', message: 'other', function: 'thrower', file: '/app/pattern.js', line: 13, count: 1 },
    ]);
  });

  void t.test('flow: every call in order, with its depth, and how it was left', async (t) => {
    const pattern = await Pattern.start(t, path);
    await pattern.do('enter early');
    const script = ['enter aa', 'enter gen', 'leave gen 1', 'resume gen', 'leave gen 2', 'leave aa 0', 'leave early 0'];
    const texts = await lines(t, 'flow', pattern, ...script, 'call 30');
    t.match(texts[0], /^TIME +PID +TID +DEPTH FUNCTION\n$/);
    const events = sortLines(texts.slice(1)).map((text) => parseLine('flow', text.trimEnd())!);
    t.match(events.slice(0, 7), [
      { event: 'call', depth: 0, function: 'Scope.aa', file: '/app/pattern.js', line: 12, pid: pattern.pid },
      { event: 'call', depth: 1, function: 'Scope.gen', line: 13 },
      { event: 'suspend', depth: 1, function: 'gen', us: Number },
      { event: 'resume', depth: 1, function: 'Scope.gen' },
      { event: 'unwind', depth: 1, function: 'gen', us: Number },
      { event: 'return', depth: 0, function: 'aa', us: Number },
      { event: 'return', depth: 0, function: 'early', us: null },
    ]);
    t.equal(events.length, 7 + 4 * 30);
    t.equal(Math.max(...events.map(({ depth }) => depth as number)), 30);
    t.match(
      texts.find((text) => / 30 +->/.test(text)),
      /-> Scope\.leaf/,
      'deeper than the indentation goes',
    );
    t.match(texts[3], / 1 {3}<= gen/);
  });

  void t.test('events: every argument by its name', async (t) => {
    const pattern = await Pattern.start(t, path);
    const texts = await lines(t, 'events', pattern, 'enter f', "throw TypeError 7 it's a 'quote', = and all");
    t.match(
      texts.map((text) => parseLine('events', text.trimEnd())),
      [
        { pid: pattern.pid, probe: 'function__entry', function: 'f', line: 11, kind: 0, request_id: '0' },
        { probe: 'exception__thrown', class: 'TypeError', message: "it's a 'quote', = and all", line: 7 },
      ],
    );
  });
}
