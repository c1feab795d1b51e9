// Functions as texts.
function plain(a, b) { return a + b; }
const arrow = (a) => a * 2, block = (a) => { return a; }, object = (a) => ({ a }), nested = (a) => (b) => a + b;
const later = async (a) => await a, asyncBlock = async () => { await null; try { return 1; } finally { arrow(1); } };
class Shop { #p = 1; static open() { return new Shop(); } constructor() { this.x = 1; } get v() { return this.#p; } async *m() { yield 1; } }
const o = { method() { return 1; }, get g() { return 2; }, async a() { return 3; }, *gen() { yield 4; }, ['c' + 1]: function () { return 5; }, f: () => 6 };
function* steps() { try { yield 1; } finally { return 2; } }
async function loops(list) { for await (const x of list) { if (x) continue; else break; } }
const all = [plain, arrow, block, object, nested, nested(1), later, asyncBlock, Shop, Shop.open, Shop.prototype.m, o.method, o.a, o.gen, o.c1, o.f, steps, loops,
  Object.getOwnPropertyDescriptor(o, 'g').get, Object.getOwnPropertyDescriptor(Shop.prototype, 'v').get, Math.max, plain.bind(null), Function.prototype, new Proxy(plain, {})];
for (const fn of all) console.log(String(fn), fn.toString() === `${fn}`, fn.name, fn.length);
for (const fn of [plain, arrow, block, object]) console.log(new Function(`return (${fn})(1, 2)`)());
console.log(eval(`(${Shop})`).name, eval(`(${o.f})`)());
const { toString } = Function.prototype;
const descriptor = Object.getOwnPropertyDescriptor(Function.prototype, 'toString');
console.log(toString.name, toString.length, String(toString), Reflect.ownKeys(toString).join(), Object.getPrototypeOf(toString) === Function.prototype);
console.log(descriptor.writable, descriptor.enumerable, descriptor.configurable, toString.hasOwnProperty('prototype'), toString === toString.toString, typeof toString);
console.log(Reflect.ownKeys(Function.prototype).map(String).join());
for (const self of [{}, null, undefined, 1, 'text'])
  try { toString.call(self); } catch (error) { console.log(error.name, error.message); }
try { new toString(); } catch (error) { console.log(error.name, error.message); }
try { ({}).toString.call.call(toString, {}); } catch (error) { console.log(error.stack.split('\n').filter((line) => !line.includes('node:')).join('\n')); }
console.log(require('util').inspect(Shop), require('util').inspect(plain), require('util').inspect(later));
console.log(`${class { static x = arrow(1); }}`, JSON.stringify(plain), Object.keys(plain).join());
Function.prototype.toString = function () { return 'mine'; };
console.log(String(plain), plain + '', require('util').inspect(Shop));
