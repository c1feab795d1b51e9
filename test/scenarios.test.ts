/**
 * The scenarios: in each folder one tracer's program, the same small program in every language, and one expected output.
 *
 * `trace.bt` prints lines `pid|file|text`. What counts are the texts of the program's own process and of its own files:
 * `app.*`, or the `part.*` that it loads (lines of no file say `app`). A new language adds its `app.<extension>` to each
 * folder, and this file doesn't change.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import t from 'tap';
import { LIBRARY, PACKAGE } from '../core/paths.js';
import { runtimes } from '../core/runtimes/index.js';
import { start } from './harness/node.js';
import { drained, isAttached, READY, Tracer, until } from './harness/trace.js';

const FOLDER = join(PACKAGE, 'test/scenarios');
const scenarios = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());

for (const { name } of scenarios) {
  const folder = join(FOLDER, name);
  const program = readFileSync(join(folder, 'trace.bt'), 'utf8').replaceAll('LIBPOLYPROBE', LIBRARY);
  const expected = readFileSync(join(folder, 'expected'), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  for (const runtime of runtimes) {
    const app = join(folder, `app${runtime.extension}`);
    if (!existsSync(app)) {
      t.fail(`${name}: there is no ${basename(app)}`);
      continue;
    }
    t.test(`${name} in ${runtime.id} is told as expected`, async (t) => {
      const tracer = new Tracer(`${program}\n${READY}`);
      t.teardown(() => tracer.process.kill('SIGKILL'));
      await until('bpftrace to attach', () => isAttached(tracer));
      const { pid, code, stderr } = await start(runtime.interpreter, [app]).done;
      await drained(tracer);
      await tracer.stop();
      t.equal(code, 0, stderr);
      const own = existsSync(join(folder, `part${runtime.extension}`)) ? 'part' : 'app';
      const told = tracer
        .printed()
        .join('')
        .split('\n')
        .map((line) => line.split('|'))
        .filter(([from, file]) => Number(from) === pid && basename(file ?? '').split('.')[0] === own)
        .map(([, , text]) => text);
      t.same(told, expected);
    });
  }
}
