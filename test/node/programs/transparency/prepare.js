// A program's own formatter of stack traces, and all that a call site can be asked.
const ASK = ['getTypeName', 'getFunctionName', 'getMethodName', 'getFileName', 'getLineNumber', 'getColumnNumber', 'getEvalOrigin',
  'isToplevel', 'isEval', 'isNative', 'isConstructor', 'isAsync', 'isPromiseAll', 'getPromiseIndex', 'getScriptNameOrSourceURL',
  'getPosition', 'getEnclosingLineNumber', 'getEnclosingColumnNumber', 'toString'];
const answers = (site) => ASK.map((name) => `${name}=${typeof site[name] === 'function' ? String(site[name]()) : 'none'}`).join(' ');
function sites() {
  const before = Error.prepareStackTrace;
  Error.prepareStackTrace = (_, list) => list;
  const list = new Error().stack;
  Error.prepareStackTrace = before;
  return list;
}
function caller() { const unused = 1; return sites(); }
class Made { constructor() { this.sites = caller(); } }
const own = (list) => list.filter((site) => site.getFileName() === __filename);
for (const site of own(new Made().sites)) {
  console.log(answers(site));
  console.log(Object.keys(site).join(), Object.prototype.toString.call(site), site.constructor.name, typeof site.getThis(), typeof site.getFunction());
}
console.log(Array.isArray(caller()), Object.getPrototypeOf(caller()) === Array.prototype);
Error.prepareStackTrace = (error, list) => `${error.message}: ${own(list).map((site) => `${site.getLineNumber()}:${site.getColumnNumber()}`)}`;
console.log(new Error('mine').stack, (() => new TypeError('arrow').stack)());
Error.prepareStackTrace = () => { throw new Error('formatter'); };
try { console.log(new Error('thrown').stack); } catch (error) { console.log('caught', error.message); }
Error.prepareStackTrace = () => 42;
console.log(new Error('number').stack);
Error.prepareStackTrace = 'no function';
console.log(new Error('text').stack.split('\n')[0]);
Error.prepareStackTrace = undefined;
Error.stackTraceLimit = 0;
console.log(new Error('none').stack);
delete Error.stackTraceLimit;
console.log(new Error('deleted').stack);
Error.stackTraceLimit = 10;
const frozen = Object.freeze(new Error('frozen'));
console.log(frozen.stack.split('\n')[1]);
console.log(require('util').inspect(new Error('inspected')).split('\n').slice(0, 2).join('\n'));
try { require('assert').ok(1 === 2 && frozen); } catch (error) { console.log(error.message); }
try { (() => { require('assert')(false, undefined); })(); } catch (error) { console.log(error.message); }
