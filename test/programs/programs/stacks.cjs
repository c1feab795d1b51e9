// Programs that read their own stack traces, in all the ways that packages do.
const path = require('node:path');
const short = (text) => text.replaceAll(__dirname, '');

function callsites() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = (error, sites) => sites;
  Error.stackTraceLimit = 50;
  const { stack } = new Error();
  Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  return stack.slice(1);
}
const describe = (site) =>
  [
    site.getFunctionName(), site.getTypeName(), site.getMethodName(), path.basename(site.getFileName() ?? ''),
    site.getLineNumber(), site.getColumnNumber(), site.isToplevel(), site.isNative(), site.isEval(), site.isConstructor(),
    site.isAsync(), site.isPromiseAll(), site.getPromiseIndex(), site.getEvalOrigin() && short(site.getEvalOrigin()), short(String(site)),
  ].join(' ');
const own = (sites) => sites.filter((site) => String(site.getFileName()).startsWith(__dirname) || site.isEval());

class Deep {
  static make(n) { return n === 0 ? new Deep() : Deep.make(n - 1); }
  constructor() { this.sites = own(callsites()).map(describe); }
  get got() { return own(callsites()).map(describe); }
  ['comp' + 'uted']() { return [1].map(() => own(callsites()).map(describe))[0]; }
  static { this.early = own(callsites()).map(describe); }
  field = own(callsites()).map(describe);
}
const deep = Deep.make(3);
for (const list of [deep.sites, deep.got, deep.computed(), Deep.early, deep.field]) console.log(list.join('\n'), '\n');

const generator = (function* () { const sent = yield own(callsites()).map(describe); console.log(sent, own(callsites()).map(describe)); })();
console.log(generator.next().value);
generator.next('sent');
console.log(eval('(function inEval() { return own(callsites()).map(describe) })()'));
(function mine() { const target = {}; Error.captureStackTrace(target, mine); console.log(short(target.stack.split('\n')[1] ?? '')); })();
(() => { Error.stackTraceLimit = 1; console.log(new Error('one').stack.split('\n').length); Error.stackTraceLimit = 10; })();

const cause = (() => { try { JSON.parse('{'); } catch (error) { return new Error('outer', { cause: error }); } })();
console.log(short(require('node:util').inspect(cause)));
const all = Promise.all([1, 2].map(async (n) => { await null; if (n === 2) throw new Error(`second ${n}`); }));
(async function outer() {
  try { await all; } catch (error) { console.log(short(error.stack)); }
  for await (const value of (async function* () { yield own(callsites()).map(describe); })()) console.log(value);
  await Promise.any([Promise.reject(new TypeError('a')), (async () => { throw new RangeError('b'); })()]).catch((error) => console.log(error.errors.map((one) => short(one.stack))));
  // Each call ends what V8 infers of the names of functions before it, calls of ours too: a name of its own for each.
  const messages = { a: () => null.x, b: () => undefined(), c: () => (void 0).y.z, d: () => deep.missing(), e: () => deep.got.x.y, f: () => [...5], g: () => { const { a } = null; }, h: () => new deep(), i: () => deep.sites[Symbol.iterator]().nope(), j: async () => 1, k: () => { for (const x of 7); }, l: () => { 'use strict'; undefinedName; }, m: () => Symbol() + '' };
  for (const message of Object.values(messages)) try { await message(); } catch (error) { console.log(short(error.stack.split('\n').slice(0, 2).join(' '))); }
  // V8 quotes what is called, and can't be kept from quoting what stands around an await.
  const asynchronous = { a: async () => (await null).x, b: async () => { throw await Promise.resolve(new Error('thrown value')); }, c: async () => { await (await deep).nope.x; }, d: async () => { await deep.nope(); }, e: async () => (await undefined).x.y };
  for (const one of Object.values(asynchronous)) await one().catch((error) => console.log(short(error.stack)));
  // Not of what `yield*` delegates to: V8 has no place of its own for that, and takes the last one before it.
  const yields = { a: function* () { (yield 1).x; }, b: function* () { throw yield 2; } };
  for (const one of Object.values(yields)) try { const it = one(); it.next(); it.next(); } catch (error) { console.log(short(String(error?.stack))); }
})();
