// Builtins replaced by ones that throw: what polyprobe does in between must not be seen, or fall over.
const { log } = console;
const keep = [];
const cut = (name, holder, key) => { keep.push([holder, key, holder[key]]); holder[key] = function () { throw new Error(`${name} was called`); }; };
function target() { return 'target'; }
cut('map', Array.prototype, 'map'); cut('Map.get', Map.prototype, 'get'); cut('Map.set', Map.prototype, 'set'); cut('WeakMap.get', WeakMap.prototype, 'get');
cut('WeakMap.set', WeakMap.prototype, 'set'); cut('call', Function.prototype, 'call'); cut('apply', Function.prototype, 'apply'); cut('replace', String.prototype, 'replace');
cut('matchAll', String.prototype, 'matchAll'); cut('exec', RegExp.prototype, 'exec'); cut('create', Object, 'create'); cut('slice', String.prototype, 'slice'); cut('includes', String.prototype, 'includes');
cut('startsWith', String.prototype, 'startsWith'); cut('lastIndexOf', String.prototype, 'lastIndexOf'); cut('names', Object, 'getOwnPropertyNames');
cut('has', Set.prototype, 'has'); cut('some', Array.prototype, 'some'); cut('push', Array.prototype, 'push');
let stack, text;
try { stack = new Error('stack').stack; text = `${target}`; } catch (error) { stack = error; }
let caught; try { (() => { throw new Error('mine'); })(); } catch (error) { caught = error.message; }
for (let i = keep.length - 1; i >= 0; i--) keep[i][0][keep[i][1]] = keep[i][2];
log(stack.split('\n').slice(0, 2).join('\n'), text, caught);
