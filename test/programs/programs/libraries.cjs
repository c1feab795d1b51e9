// What big libraries do with functions: their texts, names, lengths, bindings.
const _ = require('lodash');
const acorn = require('acorn');
const { marked } = require('marked');
const fc = require('fast-check');
const { readFileSync } = require('node:fs');

const template = _.template('<% _.each(users, (user) => { %>[<%- user %>]<% }) %>', { imports: { _ } });
console.log(template({ users: ['a', '<b>'] }), template.source);
console.log(_.functions(new (class { a() {} })()), _.functionsIn(new (class { a = () => 1 })()), _.isNative(Array.prototype.push), _.isNative(_));
console.log(_.curry((a, b, c) => [a, b, c])(1)(2)(3), _.ary(parseInt, 1).length, _.flow([_.add, String])(1, 2), _.memoize(String).toString().length);
console.log(JSON.stringify(_.groupBy(_.range(50), (n) => n % 7)), _.sortBy([3, 1, 2], (n) => -n), _.merge({ a: { b: 1 } }, { a: { c: [1] } }));
console.log(Object.keys(_).map((name) => `${name}:${_[name]?.length}:${String(_[name]).length}`).join(' '));
console.log(JSON.stringify(acorn.parse(readFileSync(require.resolve('lodash/fp'), 'utf8').repeat(3), { ecmaVersion: 2024 })).length);
console.log(marked.parse('# A\n\n| a | b |\n|---|---|\n| *1* | `2` |\n\n- [x] c\n\n```js\nd()\n```\n'));
console.log(fc.sample(fc.record({ a: fc.string(), b: fc.array(fc.integer()) }), { seed: 7, numRuns: 5 }));
try {
  fc.assert(fc.property(fc.array(fc.nat()), (list) => list.every((n) => n < 50)), { seed: 11 });
} catch (error) {
  console.log(error.message, error.stack);
}
