/** exception__thrown: where it says that an exception was thrown. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from '@jridgewell/sourcemap-codec';
import t from 'tap';
import { Isolated } from './isolated.js';
import { runTraced, shown } from './thrown.js';

const isolated = new Isolated(t);

const OUTSIDE = `
for (let i = 0; i < 3; i++) try { throw new Error('outside') } catch {}
try { null.engine } catch (error) { error.seen = true }
try { JSON.parse('{') } catch ({ message }) { message.length }
class A { static { try { throw 'static' } catch {} } static value = (() => { try { undefined.field } catch {} })() }
function f() { class B { static { try { null.inner } catch {} } } throw new RangeError('f') }
try { f() } catch ({ message: [first] }) { if (first !== 'f') console.log('wrong') } finally { f.done = true }


`;

/** `class|message|function|line`, of both kinds of modules. */
const expected = [
  ...[1, 2, 3].map(() => 'Error|outside|<module>|2'),
  "TypeError|Cannot read properties of null (reading 'engine')||3",
  "SyntaxError|Expected property name or '}' in JSON at position 1||0",
  'string|static|<module>|5',
  "TypeError|Cannot read properties of undefined (reading 'field')||5",
  "TypeError|Cannot read properties of null (reading 'inner')||6",
  'RangeError|f|f|6',
];

t.test('code outside of functions throws and catches', async (t) => {
  const text = OUTSIDE;
  const names = ['outside.cjs', 'outside.mjs', 'awaited.mjs'];
  const awaited = text.replace('try { null.engine }', 'try { await null; await (async () => null.engine)() }');
  for (const [index, body] of [text, text, awaited].entries())
    writeFileSync(join(isolated.folder, names[index]!), body);
  const runs = await runTraced(
    t,
    isolated,
    names.map((name) => [name]),
  );
  for (const [index, run] of runs.entries()) {
    const name = names[index]!;
    t.same([run.stdout, run.stderr, run.code], ['', '', 0], name);
    t.same(
      run.events.map((event) => shown(event).replace(/JSON at position 1.*\|0/, 'JSON at position 1||0')),
      expected,
      name,
    );
    t.same(new Set(run.events.map(({ file }) => file)), new Set([join(isolated.folder, name)]));
  }
});

t.test('the line is that of the throw statement, however long it is', async (t) => {
  writeFileSync(
    join(isolated.folder, 'long.cjs'),
    `function f() {\n  throw new Error(\n    'long',\n    {},\n  );\n}\ntry { f() } catch {}\n` +
      `try {\n  throw [\n    1,\n  ];\n} catch {}\ntry { (() => { throw [\n\n] })() } catch {}\n`,
  );
  const [run] = await runTraced(t, isolated, [['long.cjs']]);
  t.same(
    run!.events.map(({ line }) => line),
    [2, 9, 13],
  );
});

t.test('with a source map it is the place in the original', async (t) => {
  // Line n of what runs was line 10 n of the original.
  const mappings = encode(Array.from({ length: 8 }, (_, line) => [[0, 0, 10 * (line + 1) - 1, 0]]));
  const map = { version: 3, sources: ['original.ts'], mappings };
  const text = `function f() { throw new Error('f') }
try { f() } catch {}
try { throw new Error('outside') } catch {}
try {
  null.engine
} catch {}
Promise.reject(new RangeError('rejected')).catch(() => {})
`;
  writeFileSync(join(isolated.folder, 'mapped.cjs'), `${text}//# sourceMappingURL=mapped.cjs.map\n`);
  writeFileSync(join(isolated.folder, 'mapped.cjs.map'), JSON.stringify(map));
  const inline = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
  writeFileSync(join(isolated.folder, 'inline.mjs'), `${text}//# sourceMappingURL=${inline}\n`);
  const original = join(isolated.folder, 'original.ts');
  for (const run of await runTraced(t, isolated, [
    ['mapped.cjs'],
    ['inline.mjs'],
    ['--enable-source-maps', 'mapped.cjs'],
  ])) {
    t.same(run.events.map(shown), [
      'Error|f|f|10',
      'Error|outside|<module>|30',
      "TypeError|Cannot read properties of null (reading 'engine')||50",
      'RangeError|rejected||70',
    ]);
    t.same(new Set(run.events.map(({ file }) => file)), new Set([original]));
  }
});

t.test('a rejection that V8 knows no place of has no file', async (t) => {
  const text = `const fs = require('node:fs/promises');
async function main() {
  for (let i = 0; i < 50; i++) {
    for (const path of ['/none', '/none/of/these']) await fs.readFile(path).catch(() => {});
    await Promise.any([Promise.reject(i)]).catch(() => {});
  }
}
main();
`;
  writeFileSync(join(isolated.folder, 'placeless.cjs'), text);
  const [run] = await runTraced(t, isolated, [['placeless.cjs']]);
  t.equal(run!.events.length, 200);
  t.same(new Set(run!.events.map(({ file, line }) => `${file}|${line}`)), new Set(['|0']));
});

t.test('the class is that of the error, also where a compiler or the runtime has made it of another', async (t) => {
  const text = `function Old(message) { const made = Error.call(this, message) || this; Object.setPrototypeOf(made, Old.prototype); return made }
Old.prototype = Object.create(Error.prototype, { constructor: { value: Old } });
function Older(message) { const made = new TypeError(message); Object.setPrototypeOf(made, Older.prototype); return made }
Older.prototype = Object.create(Old.prototype, { constructor: { get() { console.log('asked') } } });
for (const error of [new Old('a'), new Older('b'), new DOMException('c'), new (class extends RangeError {})('d')]) try { throw error } catch {}
`;
  writeFileSync(join(isolated.folder, 'classes.cjs'), text);
  const [run] = await runTraced(t, isolated, [['classes.cjs']]);
  t.same([run!.stdout, run!.stderr, run!.code], ['', '', 0]);
  t.same(
    run!.events.map((event) => event.class),
    ['Old', 'Old', 'DOMException', 'RangeError'],
  );
});
