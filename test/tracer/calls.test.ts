/** The calls tool: exact counts, and times that add up. */
import t from 'tap';
import { Programs } from '../native/toolchain.js';
import { untraceable } from '../native/tracers.js';
import { Pattern, attach, compile, functionsOf, traced } from './programs.js';
import { view } from '../../core/tracer/present.js';

const skip = untraceable();
if (skip) t.plan(0, `skipped: ${skip}`);
else {
  const path = compile(new Programs('trace-calls'));
  const MS = 1_000_000;

  void t.test('counts a recursion exactly, and times it once', async (t) => {
    const pattern = await Pattern.start(t, path);
    const shown = await traced(t, 'calls', pattern, 'call 50', 'enter f', 'busy 20000000', 'leave f 0');
    const functions = functionsOf(shown);
    const [f, leaf] = [functions.get('f')!, functions.get('leaf')!];
    t.equal(f.calls, 51);
    t.equal(leaf.calls, 50);
    t.ok(f.own_ns + leaf.own_ns === f.inclusive_ns, 'all time is under the outermost f, own or in leaf');
    t.ok(f.inclusive_ns >= 20 * MS && f.inclusive_ns < 200 * MS, `${f.inclusive_ns}`);
    t.equal(leaf.own_ns, leaf.inclusive_ns);
    t.match(f, { language: 'node', scope: 'Scope', line: 11, pids: [pattern.pid] });
  });

  void t.test("a caller's own time is what its calls leave of it", async (t) => {
    const pattern = await Pattern.start(t, path);
    const script = ['enter outer', 'busy 5000000', 'enter inner', 'busy 20000000', 'leave inner 0', 'leave outer 0'];
    const functions = functionsOf(await traced(t, 'calls', pattern, ...script));
    const [outer, inner] = [functions.get('outer')!, functions.get('inner')!];
    t.ok(inner.own_ns >= 20 * MS);
    t.ok(outer.own_ns >= 5 * MS && outer.own_ns < 20 * MS, `${outer.own_ns}`);
    t.equal(outer.inclusive_ns, outer.own_ns + inner.inclusive_ns);
  });

  void t.test('a suspended function is not timed, and to resume it is no call', async (t) => {
    const pattern = await Pattern.start(t, path);
    const functions = functionsOf(
      await traced(
        t,
        'calls',
        pattern,
        ...['enter main', 'enter gen', 'busy 1000000', 'leave gen 1', 'busy 30000000'],
        ...['resume gen', 'busy 1000000', 'leave gen 1', 'resume gen', 'leave gen 0', 'leave main 0'],
      ),
    );
    const [main, gen] = [functions.get('main')!, functions.get('gen')!];
    t.equal(gen.calls, 1);
    t.ok(gen.inclusive_ns >= 2 * MS && gen.inclusive_ns < 25 * MS, `${gen.inclusive_ns}`);
    t.ok(main.own_ns >= 30 * MS);
    t.equal(main.inclusive_ns, main.own_ns + gen.inclusive_ns);
  });

  void t.test('an exception that leaves functions pairs each', async (t) => {
    const pattern = await Pattern.start(t, path);
    const script = ['enter aa', 'enter bbb', 'enter cccc', 'leave cccc 2', 'leave bbb 2', 'busy 5000000', 'leave aa 0'];
    const shown = await traced(t, 'calls', pattern, ...script);
    const functions = functionsOf(shown);
    t.same(
      ['aa', 'bbb', 'cccc'].map((name) => functions.get(name)?.calls),
      [1, 1, 1],
    );
    t.ok(functions.get('bbb')!.inclusive_ns < 5 * MS);
    t.equal(shown.value['unpaired_returns'], 0);
  });

  void t.test('calls that began before the tracer came are left out and spoil nothing', async (t) => {
    const pattern = await Pattern.start(t, path);
    await pattern.do('enter early', 'enter earlier', 'busy 50000000');
    const script = [
      'enter x',
      'leave x 0',
      'leave earlier 0',
      'enter yy',
      'busy 1000000',
      'leave yy 0',
      'leave early 2',
    ];
    const shown = await traced(t, 'calls', pattern, ...script, 'enter zzz', 'leave zzz 0');
    const functions = functionsOf(shown);
    t.same([...functions.keys()].sort(), ['x', 'yy', 'zzz']);
    for (const row of functions.values()) t.ok(row.inclusive_ns < 50 * MS && row.calls === 1, row.function);
  });

  void t.test('a return that was missed does not make the calls after it longer', async (t) => {
    const pattern = await Pattern.start(t, path);
    const lost = ['enter main', 'enter lost', 'busy 1000000', 'leave main 0'];
    const shown = await traced(t, 'calls', pattern, ...lost, 'enter lost', 'leave lost 0', 'leave never 0', 'call 2');
    const functions = functionsOf(shown);
    t.match(functions.get('main'), { calls: 1 });
    t.ok(functions.get('main')!.inclusive_ns >= MS);
    t.match(functions.get('lost'), { calls: 2 });
    t.ok(functions.get('lost')!.inclusive_ns < MS, 'only the call that returned is timed');
    t.equal(shown.value['unpaired_returns'], 1);
    t.match(functions.get('f'), { calls: 2 });
  });

  void t.test('an entry that was missed, of a function that is open below', async (t) => {
    const pattern = await Pattern.start(t, path);
    const shown = await traced(
      t,
      'calls',
      pattern,
      'enter aa',
      'leave bbb 0',
      'enter cccc',
      'leave cccc 0',
      'leave aa 0',
    );
    t.match(functionsOf(shown).get('cccc'), { calls: 1 });
    t.equal(shown.value['unpaired_returns'], 1);
    t.ok(functionsOf(shown).get('aa')!.inclusive_ns < 1000 * MS);
  });

  void t.test('calls on two stacks of one thread are kept apart', async (t) => {
    const pattern = await Pattern.start(t, path);
    const there = ['enter aa', 'switch 7', 'enter bbb', 'busy 20000000', 'switch 0', 'leave aa 0'];
    const shown = await traced(t, 'calls', pattern, ...there, 'switch 7', 'leave bbb 0', 'switch 0', 'call 1');
    const functions = functionsOf(shown);
    for (const name of ['aa', 'bbb']) {
      const { calls, own_ns, inclusive_ns } = functions.get(name)!;
      t.same([calls, own_ns], [1, inclusive_ns], `${name} has no part in the other`);
      t.ok(own_ns >= 20 * MS, name);
    }
    t.equal(shown.value['unpaired_returns'], 0);
  });

  void t.test('threads are counted exactly, each with a stack of its own', async (t) => {
    const pattern = await Pattern.start(t, path);
    const shown = await traced(t, 'calls', pattern, 'threads 4 20000');
    const leaf = functionsOf(shown).get('leaf')!;
    t.equal(leaf.calls, 80_000);
    t.equal(leaf.inclusive_ns, leaf.own_ns);
    t.equal(shown.value['unpaired_returns'], 0);
  });

  void t.test('a stack of 2,000 open calls is timed from its first', async (t) => {
    const pattern = await Pattern.start(t, path);
    const functions = functionsOf(await traced(t, 'calls', pattern, 'call 2000'));
    t.match(functions.get('f'), { calls: 2000 });
    t.equal(functions.get('f')!.inclusive_ns, functions.get('f')!.own_ns + functions.get('leaf')!.own_ns);
  });

  void t.test('long and foreign names are whole up to 199 bytes', async (t) => {
    const pattern = await Pattern.start(t, path, `/srv/${'é'.repeat(90)}/naïve.js`);
    const name = 'größe_'.repeat(12);
    const shown = await traced(t, 'calls', pattern, `enter ${name}`, `leave ${name} 0`);
    t.match(functionsOf(shown, `/srv/${'é'.repeat(90)}/naïve.js`).get(name), { calls: 1 });
  });

  void t.test('says so when there are more functions than room', async (t) => {
    const pattern = await Pattern.start(t, path);
    const session = await attach(t, 'calls', { pids: [pattern.pid], mapKeys: 100 });
    await pattern.do('names 300');
    const { results, fullMaps } = await session.stop();
    t.ok(fullMaps >= 200, `${fullMaps}`);
    const { size } = functionsOf(view('calls', results, { top: 1000 }));
    t.ok(size > 90 && size <= 100, `${size}`);
  });

  void t.test('the processes of one function are one row, and the children are traced too', async (t) => {
    const pattern = await Pattern.start(t, path);
    const session = await attach(t, 'calls', { pids: [pattern.pid], children: true });
    pattern.say('repeat 7', 'fork', 'repeat 5', 'say done');
    const child = Number((await pattern.line(/^child/)).split(' ')[1]);
    await pattern.line(/^done$/);
    const { results } = await session.stop();
    const leaf = functionsOf(view('calls', results, { top: 10 })).get('leaf')!;
    t.equal(leaf.calls, 12);
    t.same([...leaf.pids].sort(), [pattern.pid, child].sort());
  });
}
