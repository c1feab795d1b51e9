// What messages quote of the program, and places that come by other ways than a stack trace.
const assert = require('assert');
const util = require('util');
const said = (f) => { try { f(); } catch (error) { console.log(error.message, error.generatedMessage); } };
const one = () => 1, two = async (a) => await a, part = function* () { yield 1; };
for (const f of [one, two, part, class A { m() { return one(); } }]) said(() => structuredClone({ f }));
said(() => new MessageChannel().port1.postMessage(one));
said(() => assert.ok([1, 2].every((n) => n > 1)));
said(() => { assert([1].map(function (n) { return n > 2; })[0]); });
function by(value) { return assert.ok(value === 2); }
said(() => by(1)); said(() => assert.strict.ok(null ?? ((n) => n)(false))); said(() => { const { ok } = assert; ok(0 > 1); });
said(() => assert.ok(
  ((n) => { return n; })(0),
));
said(() => assert.equal((() => false)(), true)); said(() => assert.ok([1].some((n) => { return n > 1; }))); said(() => assert(one() > 1, 'own')); said(() => assert());
(async () => { await assert.ok(await two(0)); })().catch((error) => console.log(error.message));
// Once their stack has been asked for, errors of the engine quote functions as they are written as well.
const quoted = (f) => { try { f(); } catch (error) { console.log(error.stack.split('\n')[0], error.message); } };
quoted(() => { class B extends one {} }); quoted(() => { 'use strict'; part.name = 'x'; }); quoted(() => Reflect.construct(two, [])); quoted(() => { 'use strict'; two.name = 'x'; });
console.log(util.inspect((() => { try { structuredClone(one); } catch (error) { return error; } })()).split('\n')[0]);
function sites() { return util.getCallSites?.(2).map(({ functionName, lineNumber, columnNumber, column }) => [functionName, lineNumber, columnNumber, column].join()); }
console.log(((n) => sites())(1), (() => util.getCallSites?.({ sourceMap: true })[0].column)());
const Module = require('module');
console.log(String(Module.prototype._compile), Module.prototype._compile.name, String(Module.prototype._compile) === util.inspect(Module.prototype._compile));
