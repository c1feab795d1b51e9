import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { parse } from 'acorn';
import t from 'tap';
import {
  attempt,
  bind,
  instrument,
  isRefusal,
  originalColumn,
  restore,
} from '../../providers/node/instrument/index.cjs';
import type { SourceKind } from '../../providers/node/instrument/index.cjs';
import { mustInstrument } from './instrument-model.js';

/** Programs that are easily broken by inserted text. */
const HAZARDS: [kind: SourceKind, source: string][] = [
  ['script', '#!/usr/bin/env node\nfunction f() { return 1 }'],
  ['script', '\uFEFFfunction f() { return 1 }'],
  ['script', 'function f() {\n<!-- a\nreturn 1\n--> b\n}'],
  ['script', "function f() { 'use strict'\nreturn 1 }"],
  ['script', 'function f(a, a) { return a + arguments[0] }'],
  ['script', 'function f() { return\n1 }'],
  ['script', 'function f() { return // why\n}'],
  ['script', 'function f() { return /* a */ 1 /* b */ ; }'],
  ['script', 'function f(a) { if (a) return 1; else return; }'],
  ['script', 'function f(a) { if (a) return\nelse return 2 }'],
  ['script', 'function f() { return (1, 2) }'],
  ['script', 'function f() { return /re/g.exec("") }'],
  ['script', 'async function f(a) { return 1/await a/2 }'],
  ['script', 'async function f(a) { a = a\nawait a\n;[1].map(x => x)\nawait (1)\n+2 }'],
  ['script', 'async function f(a) { do await a\nwhile (await a) }'],
  ['script', 'async function f(a) { for (await a; await a; await a) ; }'],
  ['script', 'async function f(a) { for (a[await 0] of await a) ; for (a[await 0] in await a) ; }'],
  ['script', 'async function f(a) { return `${await a}${`${await a}`}` }'],
  ['script', 'async function f(a) { class A extends (await a) { [await a]() {} static [await a] = () => 1 } }'],
  ['script', 'async function f(a) { return await (await a)(await a), a?.[await a] }'],
  ['script', 'async function f(a) { l: m: for await (const { x = await a } of a) if (x) continue l; else break m }'],
  ['script', 'async function f(a) { if (a) for await (a.b of a) a\nelse await a }'],
  ['script', 'async function f(a) { for await (async of a) ; }'],
  ['script', 'function* f() { const a = yield\nyield [yield, yield* f(), (yield 1)] }'],
  ['script', 'function* f() { yield\n/re/g }'],
  ['script', 'var yield = 1; function f() { return yield }'],
  ['script', 'var await = x => x; function f() { return await(1) }'],
  ['script', 'function f() { try { } catch /* a */ { } finally { } }'],
  ['script', 'function f() { try { return 1 } catch ([e]) { return e } finally { return 2 } }'],
  ['script', 'function f() { a: return; b: throw 1 }'],
  ['script', 'function f() { switch (1) { case (() => 1)(): return 1; default: return (() => 2)() } }'],
  ['script', 'f = x => y => async z => ({ x, y, z })\n;(x => (1, 2)); [x => x, x => x ? y => y : z => z]'],
  ['script', 'for (var f = x => ("a" in x); ;) break'],
  ['script', 'f = (a = () => 1, { b = function () { return 2 } } = {}, ...[c = class { d() {} }]) => a'],
  ['script', 'f = async (x, y = async () => await 1) => await x\n/ 2'],
  [
    'script',
    'class A { a = 1; "b" = () => this.a; static c = function () { return new.target }; static { this.d = () => { throw 1 }; try { } catch { } } #e = () => this.#e; get f() { return 1 } static async *g() { yield 1 } static get [`h${1}`]() { return 1 } }',
  ],
  ['script', 'class A extends Object { constructor() { return super(), this } }'],
  ['script', 'with ({}) { function f() { return 1 } } function g() { with ({}) return () => 1 }'],
  ['script', 'function f() { "use asm"; function g() { return 1 } return { g: g } } function h() { return 1 }'],
  ['script', 'function f() { eval("var a"); function g() { } return a }'],
  ['script', 'async function f() { { function g() { } } function g() { } return await g }'],
  ['script', 'async function f(a) { l: function a() { } return await a }'],
  ['script', 'function f() { if (1) function g() { return 1 } return g }'],
  ['script', 'function \\u0066(\\u{61}) { try { } catch (\\u0065) { } return \\u0061 }'],
  ['script', 'function f() { let\nawait\n0 }'],
  ['commonjs', 'return function () { return 1 }; throw 1'],
  ['commonjs', 'try { throw 1 } catch (e) { f(() => e) } finally { }'],
  ['module', 'await f(async () => await 1); for await (const x of y) z(() => x); export default () => 1'],
  ['module', 'export default function () { return import.meta } export const a = async () => import("b")'],
  ['module', 'export default async function* () { yield* await 1 }'],
  ['module', 'import a from "./a.json" with { type: "json" }; export * from "b"; export { a as default }'],
  ['module', 'export default class { m() { return super.m } }'],
];

t.test('text that is easily broken stays a correct program, and can be restored', (t) => {
  for (const [kind, source] of HAZARDS) {
    const name = JSON.stringify(source);
    const { code, functions } = mustInstrument(source, kind);
    t.doesNotThrow(() => parse(code, { ecmaVersion: 'latest', sourceType: kind }), name);
    t.equal(restore(code), source, name);
    t.equal(restore(bind(code, 0x123456)), source, name);
    t.equal(bind(code, 77).length, code.length, name);
    t.equal(code.split(/[\n\r\u2028\u2029]/).length, source.split(/[\n\r\u2028\u2029]/).length, name);
    for (const [index, fn] of functions.entries())
      if (fn.name !== '<module>')
        t.match(code, new RegExp(`__pp_e\\.[fg]${index.toString(16).padStart(6, '0')}`), name);
  }
  t.end();
});

t.test('outside of functions only what throws and catches is told of, and nothing in scripts', (t) => {
  const source = 'for await (const x of await y) f(x); class A { static { g() } }';
  t.equal(mustInstrument(source, 'module').code, source);
  const thrower = 'for (const x of y) try { throw x } catch { } finally { }';
  t.equal(mustInstrument(thrower, 'script').code, thrower);
  const { code, functions } = mustInstrument(thrower, 'commonjs');
  t.same(
    code.match(/__pp_[tc](?=\?)/g),
    ['__pp_c', '__pp_t', '__pp_c'],
    'at the start, where it throws and where it catches',
  );
  t.same(functions, [{ scope: '', name: '<module>', line: 1 }]);
  t.end();
});

t.test('code that can be told from its text is left alone, and listed', (t) => {
  const { code, functions, skipped } = mustInstrument(
    'function f() { with (a) b }\nfunction g() { "use asm" }\nfunction h() { }',
  );
  t.same(functions, [{ scope: '', name: 'h', line: 3 }]);
  t.same(skipped, [
    { scope: '', name: 'f', line: 1, reason: 'with' },
    { scope: '', name: 'g', line: 2, reason: 'use asm' },
  ]);
  t.notMatch(code.split('\n')[0], '__pp_');
  t.end();
});

t.test("a program that can't be instrumented is refused with a reason", (t) => {
  const cases: [source: string, reason: string, message: RegExp][] = [
    ['function (', 'syntax', /Unexpected token/],
    ['let __pp_a', 'marker', /reserved/],
    ['"too long for this"', 'size', /19 characters, expected at most 18/],
  ];
  for (const [source, reason, message] of cases) {
    const result = attempt(source, { kind: 'script', maxBytes: 18 });
    if (!isRefusal(result)) {
      t.fail(source);
      continue;
    }
    t.equal(result.reason, reason);
    t.match(result.message, message);
    t.equal(instrument(source, { kind: 'script', maxBytes: 18 }), undefined);
  }
  t.equal(instrument('['.repeat(1e6), { kind: 'script' }), undefined, 'too deep for the stack');
  t.end();
});

t.test('functions are named as JavaScript names them, and by class', (t) => {
  const source = `function a() {} const b = () => {}; c = function () {}; d.e = () => {};
let { f = () => {} } = {}; ({ g: () => {}, h() {}, get i() {}, 'j k': () => {}, 1: () => {}, [l]: () => {}, [(m, ${'m'.repeat(50)})]: () => {} });
class O { constructor() {} static p() {} #q() {} get r() {} set ['s'](v) {} t = () => {}; u() { return class V { w() { return () => {} } } } [x](){} }
const y = class { z() {} }; new class { aa() {} }; (() => {})(); d['bb'] = () => {}; d[cc] = function dd() {}; ee ??= () => {}`;
  const { functions } = mustInstrument(source);
  t.same(
    functions.map(({ scope, name, line }) => `${line} ${scope}:${name}`),
    [
      ...['a', 'b', 'c', 'e'].map((name) => `1 :${name}`),
      ...['f', 'g', 'h', 'get i', 'j k', '1', '[l]', '[…]'].map((name) => `2 :${name}`),
      ...['constructor', 'p', '#q', 'get r', "set ['s']", 't', 'u'].map((name) => `3 O:${name}`),
      ...['3 O.V:w', '3 O.V:<anonymous>', '3 O:[x]', '4 y:z', '4 <anonymous>:aa', '4 :<anonymous>'],
      ...['4 :bb', '4 :dd', '4 :ee'],
    ],
  );
  t.end();
});

t.test('trivial functions are left alone on request', (t) => {
  const { functions } = mustInstrument('function f() { return 1 } function g() { f() }');
  t.equal(functions.length, 2);
  const some = instrument('function f() { return 1 } function g() { f() }', {
    kind: 'script',
    skipTrivial: true,
  });
  t.same(some?.functions, [{ scope: '', name: 'g', line: 1 }]);
  t.end();
});

t.test('every column of an instrumented line leads back to the original', (t) => {
  const source = 'const f = async (a) => 1 / await a; function g() { return f(1), f(2) }';
  const { code } = mustInstrument(source);
  let from = 0;
  for (let column = 1; column <= source.length; column++) {
    const found = Array.from(code, (_, at) => originalColumn(code, at + 1)).lastIndexOf(column);
    t.equal(code[found], source[column - 1]);
    t.ok(found >= from);
    from = found;
  }
  t.equal(originalColumn('no pieces here', 5), 5);
  t.equal(originalColumn(code, code.length + 1), source.length + 1);
  t.end();
});

t.test('an inline source map keeps pointing to the same places', (t) => {
  const line = 'function f(a) { return a() } f()';
  const places = [0, line.indexOf('return'), line.indexOf('a()'), line.lastIndexOf('f()')];
  const map = {
    version: 3,
    sources: ['original.ts'],
    mappings: encode([[], places.map((column): [number, number, number, number] => [column, 0, 40, column])]),
  };
  const url = (one: object): string =>
    `data:application/json;charset=utf-8;base64,${Buffer.from(JSON.stringify(one)).toString('base64')}`;
  const source = `'use strict'\n${line}\n//# sourceMappingURL=${url(map)}\n`;
  const result = instrument(source, { kind: 'script', file: '/a/b.js' });
  const [, instrumented = '', comment = ''] = (result?.code ?? '').split('\n');
  const shifted = JSON.parse(Buffer.from(comment.slice(comment.indexOf(',') + 1), 'base64').toString()) as typeof map;
  for (const [column, , , original] of decode(shifted.mappings)[1] ?? [])
    t.equal(instrumented.slice(column, column + 3), line.slice(original, (original ?? 0) + 3));
  t.same(result?.functions, [{ scope: '', name: 'f', line: 41, file: '/a/original.ts' }]);
  t.end();
});

t.test('a source map next to the program tells the original file and line', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'polyprobe-'));
  const file = join(directory, 'a.js');
  const map = { version: 3, sourceRoot: '..', sources: ['src/a.ts'], mappings: encode([[[0, 0, 9, 0]]]) };
  writeFileSync(file + '.map', JSON.stringify(map));
  const source = 'function f() {}\n//# sourceMappingURL=a.js.map';
  const original = join(directory, '../src/a.ts');
  t.same(instrument(source, { kind: 'script', file })?.functions, [{ scope: '', name: 'f', line: 10, file: original }]);
  t.same(instrument(source, { kind: 'script' })?.functions, [{ scope: '', name: 'f', line: 1 }]);
  writeFileSync(file + '.map', '{');
  t.same(instrument(source, { kind: 'script', file })?.functions, [{ scope: '', name: 'f', line: 1 }]);
  t.end();
});

t.test('what a compiler adds is no function of the program', (t) => {
  const names = (source: string): string[] | undefined =>
    instrument(source, { kind: 'commonjs' })?.functions.map(({ name }) => name);
  t.same(names('const one = __name(() => 1, "one"), Two = __name(class { m() {} }, "Two");'), ['one', 'm']);
  t.same(
    instrument(
      'let _A = class _A { m() {} static s() {} }; __name(_A, "A"); class _B { m() {} } __name(_B, "C"); let _D=class _D{m(){}};__name(_D,"D")',
      {
        kind: 'commonjs',
      },
    )?.functions.map(({ scope }) => scope),
    ['A', 'A', '_B', 'D'],
    'a class that was renamed',
  );
  t.same(names('__name(() => 1, one); __name(one, "one"); __named(() => 1, "one")'), ['<anonymous>', '<anonymous>']);
  t.same(names('__export(exports, { one: () => one, two: () => m.two }); function one() {}'), ['one']);
  t.same(names('_export(exports, { one: function() { return one; } }); function one() {}'), ['one']);
  t.same(names('__webpack_require__.d(e, { one: () => one }); function one() {}'), ['one']);
  t.same(names('__export(exports, { one: () => one() }); other(exports, { one: () => one })'), ['one', 'one']);
  const map = (mappings: [number, number, number, number][][]): string =>
    `//# sourceMappingURL=data:application/json;base64,${Buffer.from(
      JSON.stringify({ version: 3, sources: ['a.ts'], mappings: encode(mappings) }),
    ).toString('base64')}`;
  const source = 'function added() {} function own() {}\nfunction other() {}\n';
  t.same(names(source + map([[[20, 0, 0, 0]]])), ['own'], 'without a place in the source map');
  t.same(instrument(source + map([[[20, 0, 0, 0]]]), { kind: 'commonjs' })?.skipped, [], 'and nobody misses it');
  t.same(names(source + map([])), ['added', 'own', 'other'], 'a map of nothing says nothing');
  t.end();
});
