const vm = require('node:vm');
function inMain(x) { return x + 1; }
const context = vm.createContext({ inMain, console });
console.log(vm.runInContext('function foreign(n) { return inMain(n) + inMain(n) } foreign(1)', context));
console.log(vm.runInNewContext('[1, 2, 3].map(inMain).join()', { inMain }));
console.log(new vm.Script('inMain(3)').runInContext(context));
globalThis.inMain = inMain;
console.log(vm.runInThisContext('inMain(4)'));
const other = vm.runInContext('(function (f) { try { return f() } catch (e) { return e.name } })', context);
console.log(other(function thrower() { throw new RangeError('x'); }));
(async () => {
  // A function of ours whose this is another context's global object, and one bound and called over there.
  console.log(vm.runInContext('inMain.call(globalThis, 5)', context), vm.runInContext('inMain.bind(null, 6)()', context));
})();
