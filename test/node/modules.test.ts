import { join } from 'node:path';
import t from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { plainEnv, PROGRAMS, runNode, start } from '../harness/node.js';
import { attach, countsOf } from '../harness/trace.js';

const entries = { function__entry: '@entry[pid, str(arg2), arg4] = count();' };

t.test('a worker whose program is an ES module is told as exactly as the main thread', async (t) => {
  const tracer = await attach(t, entries);
  const { pid, code } = await runNode('worker.mjs');
  t.equal(code, 0);
  t.same(countsOf(await tracer.stop(), '@entry', pid), { 'known,3': 1001, '<anonymous>,6': 1 });
});

t.test('TypeScript under tsx is told by its own lines', async (t) => {
  const tracer = await attach(t, entries);
  const program = join(PROGRAMS, 'typed.mts');
  const { pid, code, stderr } = await start(process.execPath, ['--import', 'tsx', program], { cwd: PACKAGE }).done;
  t.equal(code, 0, stderr);
  const counts = countsOf(await tracer.stop(), '@entry', pid);
  t.equal(counts['sell,6'], 50);
  t.equal(counts['twice,10'], 50);
});

t.test('ES modules that can not be instrumented are listed as CommonJS ones are', async (t) => {
  const { stdout, stderr } = await runNode('refused.mjs', [join(PACKAGE, 'dist/providers/node/index.cjs')]);
  t.equal(stdout, '[["marked.mjs","marker"]]\n', stderr);
});

t.test('what is imported takes no thread but the one that looks at the probes', async (t) => {
  const plain = await runNode('threads-count.mjs', [], { env: plainEnv() });
  const ours = await runNode('threads-count.mjs');
  t.equal(Number(ours.stdout), Number(plain.stdout) + 1, plain.stderr + ours.stderr);
});
