// Sloppy and strict mode, and what only looks at functions from the inside.
function sloppy(a) { arguments[0] = 9; return [a, this === globalThis, arguments.length, typeof arguments.callee].join(); }
function strict(a) { 'use strict'; arguments[0] = 9; return [a, this === undefined, arguments.length].join(); }
function evals() { eval('var planted = 1'); return typeof planted; }
function who() { return who.caller === asks ? 'asks' : String(who.caller && who.caller.name); }
function asks() { return who(); }
function hoisted() { return typeof inner + (function () { if (true) { function inner() {} } return typeof inner; })(); function inner() {} }
function defaults(a = () => b, b = 2) { var b = 3; return a() + b; }
function target() { return new.target === undefined; }
const named = function self() { self = 1; return typeof self; };
label: for (const i of [1, 2]) { for (;;) continue label; }
var onGlobal = 1;
console.log(sloppy(1), strict(1), evals(), asks(), hoisted(), defaults(), target(), new target() instanceof target, named(), typeof globalThis.onGlobal);
console.log((() => { try { return 'try'; } finally { console.log('finally'); } })(), (function () { with ({ x: 1 }) { return x; } })());
class A { static #n = 0; static next() { return ++A.#n; } static { A.next(); } } class B extends A { constructor() { super(); return { made: super.toString === Object.prototype.toString }; } }
console.log(A.next(), new B().made, [...(function* () { const got = yield 1; yield got; })()].join(), (() => {}).name, (class {}).name);
(async () => { const order = []; const p = (async () => { order.push(1); await null; order.push(3); return 4; })(); order.push(2); order.push(await p); console.log(order.join()); })();
Promise.resolve().then(() => console.log('a')).then(() => console.log('c')); (async () => { await null; console.log('b'); await (async () => {})(); console.log('d'); })();
