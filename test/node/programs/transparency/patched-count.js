// Builtins that count their calls: a program must not see polyprobe's.
const { log } = console;
const calls = {};
const keep = [];
const watch = (name, holder, key) => { const own = holder[key]; keep.push([holder, key, own]); calls[name] = 0; const { apply } = Reflect; holder[key] = function (...args) { calls[name]++; return apply(own, this, args); }; };
function target() { return 'target'; }
for (const [name, holder, key] of [['map', Array.prototype, 'map'], ['get', Map.prototype, 'get'], ['set', Map.prototype, 'set'], ['call', Function.prototype, 'call'], ['apply', Function.prototype, 'apply'],
  ['replace', String.prototype, 'replace'], ['matchAll', String.prototype, 'matchAll'], ['create', Object, 'create'], ['includes', String.prototype, 'includes'], ['startsWith', String.prototype, 'startsWith'],
  ['lastIndexOf', String.prototype, 'lastIndexOf'], ['slice', String.prototype, 'slice'], ['names', Object, 'getOwnPropertyNames'], ['exec', RegExp.prototype, 'exec'], ['iterate', Array.prototype, Symbol.iterator]]) watch(name, holder, key);
const stack = new Error('stack').stack, text = `${target}`;
for (let i = keep.length - 1; i >= 0; i--) keep[i][0][keep[i][1]] = keep[i][2];
log(stack.split('\n').slice(0, 2).join('\n'), text, JSON.stringify(calls));
