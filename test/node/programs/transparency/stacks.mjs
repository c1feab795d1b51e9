// The same as an ES module: lines and columns, of every form of function, by every way to get them.
Error.stackTraceLimit = 30;
const show = (error) => console.log(error.stack.split('\n').filter((line) => !line.includes('node:')).join('\n'));
function plain() { return new Error('plain'); }
const arrow = () => new Error('arrow'), nested = (a) => (b) => new Error(`nested ${a} ${b}`);
class Shop {
  static open() { return new Shop().error; }
  #secret() { return new Error('private'); }
  get error() { return this.#secret(); }
  ['computed' + 1]() { return new Error('computed'); }
  field = () => new Error('field');
  static { this.made = new Error('static block'); }
}
const object = { method() { return new Error('method'); }, async later() { await null; return new Error('later'); } };
function* steps() { yield new Error('generator'); return new Error('generator return'); }
function thrower(n) { if (n === 0) throw new RangeError('bottom'); try { thrower(n - 1); } finally { n++; } }
function captured() { const it = {}; Error.captureStackTrace(it); return it; }
function hidden() { const it = new Error('hidden'); Error.captureStackTrace(it, hidden); return it; }
function evaluated() { return eval('new Error("evaluated")'); }
function made() { return new Function('return new Error("made")')(); }

for (const get of [plain, arrow, nested(1), Shop.open, new Shop().computed1, new Shop().field, object.method, captured, hidden, evaluated, made])
  show(get(2));
show(Shop.made);
const it = steps(); show(it.next().value); show(it.next().value);
try { thrower(3); } catch (error) { show(error); }
try { null.x; } catch (error) { show(error); }
try { (() => { undefined.y.z(); })(); } catch (error) { show(error); }
[1].forEach((n) => show(new Error(`forEach ${n}`)));
new Promise((resolve) => resolve(object.later())).then((error) => show(error));
(async () => { try { await object.later().then((e) => { throw e; }); } catch (error) { show(error); } })();
(async function outer() { await null; await (async function inner() { await null; show(new Error('async')); })(); })();
Promise.all([1].map(async function all() { await null; show(new Error('all')); }));
setTimeout(function timer() { show(new Error('timer')); console.trace('traced'); }, 1);
process.on('exit', () => show(new Error('at exit')));
