/** exception__thrown: each once, in order, with its class, message and place; and nothing of the program's runs for it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { drained, until } from '../harness/trace.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const program = join(PROGRAMS, 'exceptions.js');
const foreign = join(PROGRAMS, 'foreign.js');

/** `class|message|function|line`, from the comments in the program; an event of no line says 0 itself. */
const expected = readFileSync(program, 'utf8')
  .split('\n')
  .flatMap((text, index) => {
    const events = / \/\/! (.*)$/.exec(text)?.[1];
    return events ? events.split('; ').map((event) => (event.endsWith('|0') ? event : `${event}|${index + 1}`)) : [];
  });
const lineOf = (text: string): number =>
  readFileSync(program, 'utf8')
    .split('\n')
    .findIndex((line) => line.includes(text)) + 1;

const TOLD = {
  exception__thrown:
    'printf("%lu\\t%d\\t%s|%s|%s|%d\\t%s\\n", nsecs, pid, str(arg1), str(arg2), str(arg3), arg5, str(arg4)); @thrown[pid, str(arg2)] = count();',
};

async function told(
  t: Test,
  ...args: string[]
): Promise<{ events: string[]; files: Set<string>; stdout: string; code: number | null; stderr: string }> {
  const tracer = await isolated.attach(t, TOLD);
  const { pid, stdout, code, stderr } = await isolated.run([program, ...args]);
  await drained(tracer);
  const maps = await tracer.stop();
  const lines = tracer
    .printed()
    .flatMap((text) => text.split('\n'))
    .map((line) => line.split('\t'))
    .filter((parts) => Number(parts[1]) === pid)
    .sort(([a], [b]) => (BigInt(a!) < BigInt(b!) ? -1 : 1));
  let counted = 0;
  for (const [key, count] of maps.get('@thrown') ?? []) if (key.startsWith(`${pid},`)) counted += count;
  t.equal(counted, lines.length, 'all that was counted was printed');
  return {
    events: lines.map((parts) => parts[2]!),
    files: new Set(lines.map((parts) => parts[3]!)),
    stdout,
    code,
    stderr,
  };
}

const many = `Error|one of many|many|${lineOf('function many')}`;

t.test('each exception is told once, where it is thrown or first seen', async (t) => {
  const { events, files, stdout, code } = await told(t);
  t.equal(code, 0);
  t.equal((JSON.parse(stdout) as { ran: number }).ran, 0, 'no getter, trap or toString of the program has run');
  t.equal(events.filter((event) => event === many).length, 1000);
  const others = events.filter((event) => event !== many);
  // Comments stand where exceptions are thrown: that is their order but for one.
  const elsewhere = 'RangeError|from a foreign file||3';
  t.equal(others.filter((event) => event === elsewhere).length, 1);
  const masked = others
    .filter((event) => event !== elsewhere)
    .map((event) => event.replace(/^(Hostile|Object)\|\|hostile/, '?||hostile'))
    // Newer versions of V8 say the line and column as well, of which bpftrace shows as much as it takes.
    .map((event) => event.replace(/(at position 1) \(line .*\|\|/, '$1||'));
  t.same(masked, expected);
  t.same(files, new Set([program, foreign]));
});

/** The last place: main is rejected, and what it was rejected with is thrown from a callback, and nobody catches it. */
const rethrown = `<anonymous>|${lineOf('main().catch')}`;
for (const [how, last] of [
  ['thrown', [`Error|the end|end|${lineOf('function end(')}`, `Error|the end|${rethrown}`]],
  [
    'engine',
    [
      `TypeError|Cannot read properties of null (reading 'end')||${lineOf('null.end')}`,
      `TypeError|Cannot read properties of null (reading 'end')|${rethrown}`,
    ],
  ],
  ['rejected', [`Error|never awaited||${lineOf("Error('never awaited")}`, `Error|never awaited|${rethrown}`]],
] as const)
  t.test(`what reaches the process is told as often as it is thrown: ${how}`, async (t) => {
    const { events, code, stderr } = await told(t, how);
    t.equal(code, 1);
    t.match(stderr, /Node\.js v/);
    t.same(events.slice(events.lastIndexOf(many) + 1), last);
  });

t.test('an exception that nobody in the program catches is told once', async (t) => {
  const tracer = await isolated.attach(t, TOLD);
  const runs = [];
  for (const code of [
    "function f() { throw new Error('by a statement') } f()",
    'null.x',
    "setImmediate(() => { JSON.parse('oops') })",
    "Promise.reject(new Error('unhandled'))",
    "(async () => { await null; throw new TypeError('async') })()",
    "process.on('uncaughtException', () => {}); setImmediate(() => { throw 'a text' })",
  ]) {
    const file = join(isolated.folder, `uncaught-${runs.length}.js`);
    writeFileSync(file, code);
    runs.push(await isolated.run([file], isolated.env(), isolated.folder));
  }
  await until('the last', () => tracer.printed().some((text) => text.includes('a text')));
  const maps = await tracer.stop();
  const counted = (pid: number): number =>
    [...(maps.get('@thrown') ?? [])]
      .filter(([key]) => key.startsWith(`${pid},`))
      .reduce((sum, [, count]) => sum + count, 0);
  for (const [index, { pid }] of runs.entries()) t.equal(counted(pid), 1, `program ${index}`);
  t.same(
    runs.map(({ code }) => code),
    [1, 1, 1, 1, 1, 0],
  );
});
