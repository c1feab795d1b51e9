/** exception__thrown: promises that are rejected, by whomever, handled or not, each once. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { Isolated } from './isolated.js';
import { runTraced, shown } from './thrown.js';

const isolated = new Isolated(t);
const program = join(PROGRAMS, 'rejections.js');
const expected = readFileSync(program, 'utf8')
  .split('\n')
  .flatMap((line) => / \/\/! (.*)$/.exec(line)?.[1]?.split('; ') ?? []);

t.test('every rejection is told once, whoever rejects and whoever handles it', async (t) => {
  const [run] = await runTraced(t, isolated, [[program]]);
  t.same([run!.stdout, run!.stderr, run!.code], ['done\n', '', 0]);
  t.same(run!.events.map(shown), expected);
});
