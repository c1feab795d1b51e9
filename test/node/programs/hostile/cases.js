// What a program may do to the language before it loads more files.
const replaced = (holder, keys, make) => { for (const key of keys) { const own = holder[key]; if (typeof own === 'function') try { holder[key] = make(own, key); } catch {} } };
const methods = (holder) => Reflect.ownKeys(holder).filter((key) => { const own = Object.getOwnPropertyDescriptor(holder, key); return key !== 'constructor' && key !== 'prototype' && typeof own.value === 'function' && own.writable; });
const told = (log, apply, name) => (own, key) => function (...args) { log(`${name}.${String(key)}`); return apply(own, this, args); };
const broken = (own, key) => function () { throw new Error(`${String(key)} was called`); };
const hardened = (roots) => {
  const seen = new Set();
  const harden = (one) => {
    if (one === null || (typeof one !== 'object' && typeof one !== 'function') || seen.has(one) || ArrayBuffer.isView(one)) return;
    seen.add(one);
    Object.freeze(one);
    for (const key of Reflect.ownKeys(one)) { const own = Object.getOwnPropertyDescriptor(one, key); harden(own.value); harden(own.get); harden(own.set); }
    harden(Object.getPrototypeOf(one));
  };
  roots.forEach(harden);
};
const LANGUAGE = ['Object', 'Function', 'Array', 'Error', 'Promise', 'Map', 'Set', 'WeakMap', 'JSON', 'Reflect', 'Symbol', 'String', 'RegExp', 'Math', 'Date', 'Proxy'];

module.exports = {
  frozen: () => void Object.freeze(globalThis),
  sealed: () => void Object.seal(globalThis),
  unextensible: () => void Object.preventExtensions(globalThis),
  emptied: () => { for (const holder of [Object.getPrototypeOf(globalThis), globalThis]) for (const key of Reflect.ownKeys(holder)) if (key !== 'process' && key !== 'Error') try { delete holder[key]; } catch {} },
  listed: (log) => { log(Object.keys(globalThis).join()); for (const key in globalThis) log(key); log(Object.entries(Object.getPrototypeOf(globalThis)).length); log(Object.keys(process).length); log(Object.getOwnPropertySymbols(process).length); },
  orphaned: (log) => { try { Object.setPrototypeOf(globalThis, null); log('done'); } catch (error) { log(error.message); } },
  'with a proxy behind the globals': (log) => { try { Object.setPrototypeOf(globalThis, new Proxy(Object.getPrototypeOf(globalThis), { get(target, key, self) { log(`get ${String(key)}`); return Reflect.get(target, key, self); }, has(target, key) { log(`has ${String(key)}`); return Reflect.has(target, key); } })); } catch (error) { log(error.message); } },
  'the language hardened': () => hardened(LANGUAGE.map((name) => globalThis[name])),
  'everything hardened': () => hardened([...LANGUAGE.map((name) => globalThis[name]), globalThis]),
  'Function.prototype emptied': () => { for (const key of ['call', 'apply', 'bind', 'toString', Symbol.hasInstance]) delete Function.prototype[key]; },
  'Function.prototype broken': () => replaced(Function.prototype, ['call', 'apply', 'bind', 'toString'], broken),
  'Function.prototype watched': (log, apply) => replaced(Function.prototype, ['call', 'apply', 'bind', 'toString'], told(log, apply, 'Function')),
  'Function.prototype with getters': (log) => { for (const key of ['name', 'length', 'prototype', 'caller', 'then', 'get', 'value']) Object.defineProperty(Function.prototype, key, { get() { log(`get ${key}`); throw new Error(key); }, configurable: true }); },
  'Function.prototype without a prototype': () => void Object.setPrototypeOf(Function.prototype, null),
  'Object.prototype polluted': () => { for (const key of ['skip', 'reason', 'kind', 'refusal', 'functions', 'skipped', 'file', 'off', 'include', 'exclude', 'maxBytes', 'skipTrivial', 'ecmaVersion', 'sourceType', 'locations', 'dot', 'nocase', 'code', 'message']) Object.prototype[key] = 'polluted'; },
  'Object.prototype with accessors': (log) => { for (const key of ['reason', 'type', 'start', 'end', 'code', 'message', 'functions', 'body', 'line', 'scope', 'exports', 'options', 'site', 'text']) Object.defineProperty(Object.prototype, key, { get() { log(`get ${key}`); return undefined; }, set(value) { log(`set ${key}`); Object.defineProperty(this, key, { value, writable: true, configurable: true, enumerable: true }); }, configurable: true }); },
  'Object.prototype.get': () => { Object.prototype.get = () => 1; },
  'Object.prototype watched': (log, apply) => replaced(Object.prototype, methods(Object.prototype), told(log, apply, 'Object')),
  'Array.prototype broken': () => replaced(Array.prototype, methods(Array.prototype).filter((key) => !['slice', 'join', 'toString', 'includes', 'filter', 'push', 'map', 'forEach', 'indexOf'].includes(key)), broken),
  'Array.prototype watched': (log, apply) => replaced(Array.prototype, ['push', 'pop', 'map', 'forEach', 'filter', 'slice', 'splice', 'indexOf', 'concat', 'sort', 'some', 'every', 'find', 'shift', 'unshift', 'reduce', 'flatMap'], (own, key) => function (...args) { log(`Array.${key}`); return apply(own, this, args); }),
  'no iteration of arrays': () => { Array.prototype[Symbol.iterator] = function () { throw new Error('iterated'); }; },
  'elements with setters': (log) => { Object.defineProperty(Array.prototype, '3', { set() { log('set 3'); }, get() { return undefined; }, configurable: true }); },
  'String.prototype watched': (log, apply) => replaced(String.prototype, methods(String.prototype), (own, key) => key === 'toString' || key === 'valueOf' ? own : told(log, apply, 'String')(own, key)),
  'RegExp.prototype watched': (log, apply) => { replaced(RegExp.prototype, methods(RegExp.prototype), told(log, apply, 'RegExp')); },
  'RegExp.prototype broken': () => replaced(RegExp.prototype, methods(RegExp.prototype), broken),
  'collections watched': (log, apply) => [Map, Set, WeakMap, WeakSet].forEach((made) => replaced(made.prototype, methods(made.prototype), told(log, apply, made.name))),
  'Buffer watched': (log, apply) => { replaced(Buffer.prototype, ['toString', 'subarray', 'slice', 'equals', 'indexOf', 'readUInt32BE', 'latin1Slice', 'utf8Slice', 'ucs2Slice'], told(log, apply, 'Buffer.prototype')); },
  'statics watched': (log, apply) => [Object, Reflect, Math, Number, Date, Array, String, JSON].forEach((holder) => replaced(holder, methods(holder), told(log, apply, holder.name ?? 'static'))),
  'constructors replaced': () => { for (const name of ['Map', 'Set', 'WeakMap', 'RegExp', 'Array', 'Object', 'String', 'Uint8Array', 'Uint32Array', 'Symbol', 'JSON', 'Reflect', 'Number', 'URL', 'TextDecoder', 'BigInt']) globalThis[name] = class { constructor() { throw new Error(`${name} was made`); } }; },
  'crypto watched': (log, apply) => { const crypto = require('crypto'); replaced(crypto, ['createHash', 'randomBytes', 'createHmac'], told(log, apply, 'crypto')); replaced(crypto.Hash.prototype, ['update', 'digest'], told(log, apply, 'Hash')); },
  'fs broken': () => { const fs = require('fs'); replaced(fs, ['mkdirSync', 'renameSync', 'writeFileSync', 'unlinkSync', 'rmSync', 'readdirSync', 'futimesSync', 'openSync', 'fstatSync', 'closeSync'], broken); },
  'process without clocks': () => { process.hrtime = () => { throw new Error('hrtime'); }; process.cwd = () => { throw new Error('cwd'); }; delete process.binding; },
  'loader watched': (log, apply) => { const Module = require('module'); replaced(Module, ['_load', '_resolveFilename', '_nodeModulePaths', 'wrap', 'isBuiltin', 'createRequire'], told(log, apply, 'Module')); replaced(Module._extensions, ['.js', '.json', '.node'], told(log, apply, 'extensions')); },
  'loader replaced': (log) => { const Module = require('module'); Module.prototype._compile = function (code) { log(`compile ${code.length}`); this.exports = { sync: () => 'replaced', async: async (tell) => tell('replaced') }; }; },
  'loader changes texts': (log, apply) => { const Module = require('module'); const own = Module.prototype._compile; Module.prototype._compile = function (code, ...rest) { log(`compile ${code.length}`); return apply(own, this, [code.replace('caught', 'CAUGHT'), ...rest]); }; },
  'require.cache emptied': (log) => { log(Object.keys(require.cache).join()); log(Object.keys(require('module')._pathCache).length + ' ' + module.children.length); for (const key of Object.keys(require.cache)) delete require.cache[key]; },
  'own formatter of stacks': () => { Error.prepareStackTrace = (error, sites) => sites.map((site) => `${site.getFunctionName()}:${site.getLineNumber()}:${site.getColumnNumber()}`).join('\n'); },
  'formatter that throws': (log) => { Error.prepareStackTrace = () => { throw new TypeError('no stack'); }; try { log(require('./later.js').sync()); } catch (error) { log('threw'); } Error.prepareStackTrace = undefined; },
  'formatter that is a proxy': (log) => { Error.prepareStackTrace = new Proxy(() => 'proxied', { apply(target, self, args) { log(`apply ${args.length}`); return 'p'; } }); },
  'formatter that is asked for': (log) => { Object.defineProperty(Error, 'prepareStackTrace', { get() { log('asked'); return undefined; }, configurable: true }); },
  'formatter that instruments': () => { Error.prepareStackTrace = (error, sites) => { delete require.cache[require.resolve('./later.js')]; return `${sites.length > 3} ${typeof require('./later.js').sync}`; }; },
  'no traces': () => { Error.stackTraceLimit = 0; },
  'endless traces': () => { Error.stackTraceLimit = Infinity; },
  'a limit of traces that is asked for': (log) => { Object.defineProperty(Error, 'stackTraceLimit', { get() { log('limit'); return 2; }, configurable: true }); },
  'the stack exhausted': (log) => {
    let depth = 0;
    const deep = () => { depth++; deep(); };
    try { deep(); } catch (error) { log(`${error.name} ${depth > 1000}`); }
    const search = (n) => { try { return search(n + 1); } catch { return n; } finally { depth++; } };
    log(String(search(0) > 500));
    class Same { get x() { return this.x; } toString() { return `${this}`; } }
    for (const ask of [() => new Same().x, () => String(new Same()), () => new Proxy({}, { get: (target, key, self) => self[key] }).x, function f(...args) { f(...args, 1); }, () => { const make = (n) => { class C { x = make(n + 1); } return new C(); }; make(0); }, () => { const each = function* () { yield* each(); }; each().next(); }])
      try { ask(); } catch (error) { log(error.message); }
    delete require.cache[require.resolve('./later.js')];
    let loaded = 0;
    // Deep down there is no room to load a file; above, there is.
    const load = () => { try { load(); } finally { if (!loaded) try { loaded += typeof require('./later.js').sync === 'function'; } catch {} } };
    try { load(); } catch (error) { log(`${error.name} ${loaded}`); }
  },
  'code from strings': (log) => { log((0, eval)('(function e() { return 1 })').toString() + new Function('a', 'return a')(3)); log(new Function('o', 'with (o) { return typeof zzz }')({ zzz: 1 })); },
};
