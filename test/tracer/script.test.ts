/** Tools as programs: what the folder says, what is filled in, and that bpftrace takes it as it is. */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findBpftrace, parseMessage } from '../../core/tracer/bpftrace.js';
import { Ordered, sortLines } from '../../core/tracer/live.js';
import { Results, mergeBars, split } from '../../core/tracer/results.js';
import { assemble, listTools, loadTool } from '../../core/tracer/script.js';
import { LIBRARY } from '../../core/paths.js';
import { Programs, scratch } from '../native/toolchain.js';
import { Lines, untraceable } from '../native/tracers.js';
import { Pattern, command, compile } from './programs.js';

const copy = {
  path: '/a/libpolyprobe.so',
  probes: new Set(['polyprobe_node:function__entry', 'polyprobe_node:gc__done']),
};

void t.test('the tools are what is in the folder', (t) => {
  const tools = listTools();
  for (const name of ['calls', 'events', 'exceptions', 'flow', 'gc', 'requests'])
    t.ok(
      tools.some((tool) => tool.name === name && tool.description.length > 20),
      name,
    );
  t.same(
    tools.filter(({ live }) => live).map(({ name }) => name),
    ['events', 'flow'],
  );
  t.throws(() => loadTool('../tools/calls'), { code: 'unknown-tool' });
  t.end();
});

void t.test('paths, processes and the marker are filled in; what no copy has is left out', (t) => {
  const text = assemble(loadTool('calls'), {
    copies: [copy, { ...copy, path: '/b c/l.so' }],
    pids: [1, 2],
    marker: 'M',
  });
  t.match(
    text,
    'usdt:/a/libpolyprobe.so:polyprobe_*:function__entry,\nusdt:"/b c/l.so":polyprobe_*:function__entry\n/pid == 1 || pid == 2/\n{',
  );
  t.match(text, /BEGIN\n\{\n {2}printf\("M\\n"\);\n/);
  t.match(text, '// Left out: the library has no context__switch yet.');
  t.notMatch(text, 'usdt:LIBPOLYPROBE');
  t.match(
    assemble(loadTool('calls'), { copies: [copy], pids: [7], children: true }),
    /@traced\[7\] = 1;[^]*\/@traced\[pid\]\/[^]*sched_process_fork/,
  );
  t.throws(() => assemble(loadTool('requests'), { copies: [copy] }), { code: 'no-probes' });
  t.throws(() => assemble(loadTool('calls'), { copies: [{ ...copy, path: '/a:b' }] }), { code: 'path' });
  t.end();
});

void t.test("bpftrace's messages, with the bytes that it writes wrongly", (t) => {
  const line = '{"type": "printf", "data": "\\uffffffc3\\uffffffa9 \\\\uffffffc3 \\u0001 \\"q\\""}';
  t.same(parseMessage(line), { type: 'printf', data: 'é \\uffffffc3 \u0001 "q"' });
  t.same(parseMessage('{"type": "map", "data": {"@x": {"1,\\uffffffc3\\uffffffa9": [1,"a"]}}}')?.data, {
    '@x': { '1,é': [1, 'a'] },
  });
  for (const wrong of ['', 'x', '{', '[]', '1', '{"data": 1}']) t.equal(parseMessage(wrong), undefined, wrong);
  t.end();
});

void t.test('where bpftrace is not installed, it says how to get it', (t) => {
  const [folder, none] = [scratch('script'), { code: 'no-bpftrace', todo: 'install it: apt-get install bpftrace' }];
  const env = { PATH: folder };
  if (!existsSync('/usr/sbin/bpftrace')) t.throws(() => findBpftrace(env), none);
  const fake = (line: string): void => writeFileSync(join(folder, 'bpftrace'), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  fake('exit 1');
  t.throws(() => findBpftrace(env), none);
  fake('echo bpftrace v0.9.4');
  t.throws(() => findBpftrace(env), { code: 'old-bpftrace', what: /version 0\.9\.4/ });
  fake('echo bpftrace v0.23.2-12-gabc');
  t.match(findBpftrace(env), { version: '0.23.2', path: join(folder, 'bpftrace') });
  t.end();
});

void t.test('results of several bpftraces are put together', (t) => {
  const results = new Results();
  t.equal(results.add({ type: 'map', data: { '@n': 3 } }), true);
  results.add({ type: 'map', data: { '@n': 4, '@k': { 'a,b': 1 } } });
  t.equal(results.add({ type: 'printf', data: '' }), false);
  t.equal(results.total('@n'), 7);
  t.same([...results.numbers('@k')], [['a,b', 1]]);
  t.same(split('1,2,x,y', 2), ['1', '2', 'x,y']);
  t.same(split('1', 2), ['1', '', '']);
  t.same(
    mergeBars(
      [{ min: 1, max: 1, count: 2 }],
      [
        { max: -1, count: 1 },
        { min: 1, max: 1, count: 3 },
      ],
    ),
    [
      { max: -1, count: 1 },
      { min: 1, max: 1, count: 5 },
    ],
  );
  t.end();
});

void t.test('lines are put in the order of their times, across midnight too', (t) => {
  const at = (time: string, rest = ''): string => `${time}.000000 ${rest}`;
  t.same(sortLines([at('10:00:02'), at('10:00:01', 'a'), at('10:00:01', 'b')]), [
    at('10:00:01', 'a'),
    at('10:00:01', 'b'),
    at('10:00:02'),
  ]);
  t.same(sortLines([at('00:00:00'), at('23:59:59')]), [at('23:59:59'), at('00:00:00')]);
  const out: string[] = [];
  const ordered = new Ordered((line) => out.push(line));
  for (const text of ['head\n', `${at('10:00:02')}\n`, 'x', 'y\n', `${at('10:00:01')}\n`]) ordered.add(text);
  ordered.flush();
  t.same(out, ['head', 'xy', at('10:00:01'), at('10:00:02')]);
  t.end();
});

const skip = untraceable();

void t.test('the list names each tool', async (t) => {
  const list = command(t, 'script');
  t.equal(await list.ended, 0);
  t.match(list.lines[0], /^TOOL +SHOWS$/);
  t.equal(list.lines.length, 1 + listTools().length);
});

void t.test('bpftrace runs what is printed, unchanged, and it is readable alone', { skip }, async (t) => {
  const pattern = await Pattern.start(t, compile(new Programs('script')));
  for (const { name, live } of listTools()) {
    const script = command(t, 'script', name, '-p', String(pattern.pid));
    t.equal(await script.ended, 0, `${name}: ${script.stderr}`);
    // Only the version that comes with BEGIN can be waited for.
    const text = `${script.lines.join('\n')}\n${name === 'events' ? 'BEGIN { printf("Tracing\\n"); }\n' : ''}`;
    const bpftrace = new Lines(t, spawn('bpftrace', ['-e', text], { stdio: ['ignore', 'pipe', 'pipe'] }));
    await bpftrace.line(/^(Tracing|TIME)/);
    await pattern.do('repeat 3', 'gc minor 2 1 5000', 'request GET /x 200 1 2 -', 'throw E 1 oops');
    if (live) await bpftrace.line(/leaf/);
    // It forgets a SIGINT that comes while it isn't waiting, and a second one ends it while it prints its maps.
    bpftrace.process.kill('SIGINT');
    const again = setInterval(() => bpftrace.process.kill('SIGINT'), 5000);
    const ended = await bpftrace.ended;
    clearInterval(again);
    t.equal(ended, 0, name);
    if (!live) t.match(bpftrace.lines.join('\n'), /@\w+\[.*\]: /, name);
  }
});

void t.test(
  'without -p it is the installed library',
  { skip: existsSync(LIBRARY) ? false : 'not built' },
  async (t) => {
    const script = command(t, 'script', 'gc');
    t.equal(await script.ended, 0);
    t.ok(script.lines.some((line) => line.includes(`usdt:${LIBRARY}:polyprobe_*:gc__done`)));
  },
);
