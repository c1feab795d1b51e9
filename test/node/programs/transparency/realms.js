// vm contexts, scripts, functions compiled at run time.
const vm = require('vm');
function own(x) { if (x) throw new Error('own'); return 'own'; }
const context = vm.createContext({ own, console, out: [] });
console.log(vm.runInContext('own() + Object.keys(globalThis).join()', context));
console.log(vm.runInContext('for (const k in globalThis) out.push(k); out.join()', context), vm.runInThisContext('typeof own'));
console.log(vm.runInNewContext(`(${own})()`), new vm.Script('1 + 1', { filename: 'sum.js' }).runInThisContext());
console.log(vm.compileFunction('return a + new Error("c").stack.split("\\n")[1]', ['a'], { filename: 'compiled.js' })(1));
// displayErrors would put the line that V8 compiled in front of the stack, as Node does with uncaught errors.
try { vm.runInContext('own(1)', context, { filename: 'inside.js', displayErrors: false }); } catch (error) { console.log(error.stack.split('\n').filter((l) => !l.includes('node:')).join('\n')); }
try { vm.runInNewContext('throw new Error("in there")', {}, { filename: 'there.js' }); } catch (error) { console.log(error instanceof Error, error.stack.split('\n').filter((l) => !l.includes('node:')).join('\n')); }
try { new vm.Script('oops oops', { filename: 'oops.js' }); } catch (error) { console.log(error.stack.split('\n').slice(0, 5).join('\n')); }
