/** The tools on a real runtime: Node with its provider. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NATIVE } from '../../core/paths.js';
import { view } from '../../core/tracer/present.js';
import { start } from '../harness/node.js';
import { top } from '../native/toolchain.js';
import { untraceable } from '../native/tracers.js';
import { attach, functionsOf, until } from './programs.js';

const built = existsSync(NATIVE) && readdirSync(NATIVE).some((name) => /^polyprobe_node\..*\.node$/.test(name));
const skip = untraceable() || (built ? false : "Node's provider is not built");

void t.test('calls, exceptions and suspensions of a Node program', { skip }, async (t) => {
  const file = join(top, 'test/tracer/app.cjs');
  const app = start(process.execPath, [file]);
  t.teardown(() => app.child.kill('SIGKILL'));
  await app.line('ready');
  // Whoever comes second finds the functions hooked already, and can count from the first call.
  let hooked = '';
  await attach(t, 'events', {
    pids: [app.pid],
    onText: (text) => (hooked += / runtime__hooks .*\n/.exec(text)?.[0] ?? ''),
  });
  await until('functions to be hooked', () => {
    const bits = /hooked=(\d+)\n$/.exec(hooked)?.[1];
    return bits !== undefined && (Number(bits) & 19) === 19;
  });
  const [calls, exceptions] = [
    await attach(t, 'calls', { pids: [app.pid] }),
    await attach(t, 'exceptions', { pids: [app.pid] }),
  ];
  app.say('go');
  await app.line('done');

  const shown = view('calls', (await calls.stop()).results, { top: 1000 });
  const functions = functionsOf(shown, file);
  t.match(functions.get('fib'), { calls: 177, line: 2, language: 'node', pids: [app.pid] });
  t.equal(functions.get('fib')!.own_ns, functions.get('fib')!.inclusive_ns);
  t.match(functions.get('numbers'), { calls: 1, line: 3 });
  t.match(functions.get('later'), { calls: 1, line: 6 });
  t.ok(functions.get('later')!.inclusive_ns < 50e6, 'waiting is no time of its own');
  t.match(functions.get('fails'), { calls: 1 });
  t.equal(shown.value['unpaired_returns'], 0);

  const thrown = view('exceptions', (await exceptions.stop()).results, { top: 10 }).value['exceptions'];
  t.match(thrown, [{ class: 'TypeError', message: 'on purpose', function: 'fails', file, line: 10, count: 1 }]);
});
