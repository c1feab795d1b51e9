/** load__start and load__done: what is really loaded, by its name and file, once. */
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { drained } from '../harness/trace.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const folder = join(PROGRAMS, 'loads');

interface Load {
  readonly name: string;
  readonly file: string;
  readonly error?: string;
  readonly ns?: number;
}

async function loads(
  t: Test,
  program: string,
): Promise<{ started: Load[]; done: Load[]; stdout: string; stderr: string }> {
  const tracer = await isolated.attach(t, {
    load__start: 'printf("%lu\\t%d\\tstart\\t%s\\t%s\\n", nsecs, pid, str(arg1), str(arg2));',
    load__done: 'printf("%lu\\t%d\\tdone\\t%s\\t%s\\t%d\\t%s\\n", nsecs, pid, str(arg1), str(arg2), arg3, str(arg4));',
  });
  const { pid, stdout, stderr } = await isolated.run([join(folder, program)], isolated.env({ BPFTRACE_STRLEN: '199' }));
  await drained(tracer);
  await tracer.stop();
  const events = tracer
    .printed()
    .flatMap((text) => text.split('\n'))
    .map((line) => line.split('\t'))
    .filter((parts) => Number(parts[1]) === pid)
    .sort(([a], [b]) => (BigInt(a!) < BigInt(b!) ? -1 : 1));
  const of = (what: string): Load[] =>
    events
      .filter((parts) => parts[2] === what)
      .map(([, , , name = '', file = '', ns, error]) => ({
        name: name.startsWith('/') ? basename(name) : name,
        file: file && basename(file),
        ...(what === 'done' && { ns: Number(ns), error: error ?? '' }),
      }));
  return { started: of('start'), done: of('done'), stdout, stderr };
}

const asText = ({ name, file, error }: Load): string => [name, file, ...(error === undefined ? [] : [error])].join('|');

t.test('what require loads is told once, what is in the cache or built in is not', async (t) => {
  const { started, done, stdout, stderr } = await loads(t, 'main.js');
  t.equal(stdout, '', 'nothing looks at what is thrown');
  t.equal(stderr, '');
  t.same(started.map(asText), [
    'main.js|main.js',
    './one.js|one.js',
    './two.js|two.js',
    './data.json|data.json',
    './missing.js|',
    './fails.js|fails.js',
    './fails.js|fails.js',
    './broken.js|broken.js',
    './hostile.js|hostile.js',
    './folder|index.js',
    './one.js|one.js',
  ]);
  t.same(done.map(asText), [
    './two.js|two.js|',
    './one.js|one.js|',
    './data.json|data.json|',
    "./missing.js||Cannot find module './missing.js'",
    './fails.js|fails.js|fails',
    './fails.js|fails.js|fails',
    './broken.js|broken.js|Unexpected end of input',
    './hostile.js|hostile.js|failed',
    './folder|index.js|',
    './one.js|one.js|',
    'main.js|main.js|',
  ]);
  t.ok(
    done.every(({ ns }) => ns! > 0),
    'each takes its time',
  );
});

t.test('what import loads is told once, each file of the graph', async (t) => {
  const { started, done, stdout } = await loads(t, 'main.mjs');
  t.equal(stdout, '1 true 1 function\n');
  const files = (list: readonly Load[]): string[] => list.map(({ file }) => file).sort();
  const expected = [
    'broken.mjs',
    'data.json',
    'fails.mjs',
    'later.mjs',
    'main.mjs',
    'one.js',
    'shared.mjs',
    'static.mjs',
    'two.js',
  ];
  t.same(files(started), expected);
  t.same(files(done), expected);
  t.same(
    new Set(done.filter(({ name }) => name.startsWith('./')).map(({ name }) => name)),
    new Set([
      './static.mjs',
      './shared.mjs',
      './data.json',
      './one.js',
      './two.js',
      './later.mjs',
      './broken.mjs',
      './fails.mjs',
    ]),
    'by the names that the program uses',
  );
});
