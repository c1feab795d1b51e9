/** What the provider loads and reads in the middle of a program, the program doesn't see. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS, start, plainEnv, providerEnv, type Outcome } from '../harness/node.js';

const folder = join(PROGRAMS, 'transparency');
const cache = mkdtempSync(join(tmpdir(), 'polyprobe-own-'));
t.teardown(() => rmSync(cache, { recursive: true, force: true }));

const run = (program: string, env: NodeJS.ProcessEnv): Promise<Outcome> =>
  start(process.execPath, [program], { cwd: folder, env }).done;

async function same(t: Test, program: string, env: NodeJS.ProcessEnv): Promise<void> {
  const plain = await run(program, plainEnv());
  for (const state of ['empty cache', 'filled cache']) {
    const ours = await run(program, { ...providerEnv(), POLYPROBE_CACHE: cache, ...env });
    t.equal(ours.stderr, plain.stderr, state);
    t.equal(ours.stdout, plain.stdout, state);
    t.equal(ours.code, plain.code, state);
  }
}

t.test('a program that watches the loader and fs sees nothing of ours', (t) => same(t, 'hidden.js', {}));

t.test('nor does it when its packages are instrumented, among them those that we need', (t) =>
  same(t, 'hidden.js', { POLYPROBE_INCLUDE: '/**' }),
);
