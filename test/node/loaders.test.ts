/** Programs that hook Node's loader themselves. */
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { totalOf } from '../harness/trace.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const folder = join(PROGRAMS, 'hooked');

t.test("a program's own hooks run on the loader thread as ever, traced or not", async (t) => {
  const plain = await isolated.run(['main.mjs'], isolated.plainEnv(), folder);
  t.equal(plain.stdout, 'given deep enough\nno virtual:none\n', plain.stderr);
  const compare = async (): Promise<number> => {
    const ours = await isolated.run(['main.mjs'], isolated.env(), folder);
    t.equal(ours.stderr, plain.stderr);
    t.equal(ours.stdout, plain.stdout);
    t.equal(ours.code, plain.code);
    return ours.pid;
  };
  await compare();
  const tracer = await isolated.attach(t, {
    function__entry: '@entry[pid] = count();',
    function__return: '@return[pid] = count();',
  });
  const pid = await compare();
  const maps = await tracer.stop();
  t.ok(totalOf(maps, '@entry', pid) > 0);
  t.equal(totalOf(maps, '@return', pid), totalOf(maps, '@entry', pid));
});
