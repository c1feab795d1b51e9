// Values that would tell, fail or crash if anybody looked at them in the wrong way, thrown and rejected with; and throwing
// where hardly anything can be done. Prints how many were thrown in function `thrower`, and what ran of the program.
const vm = require('node:vm');
const { Worker, isMainThread, workerData } = require('node:worker_threads');
let ran = 0;
let armed = false;
const trap = () => { if (!armed) return undefined; ran++; throw new RangeError('trapped'); };
const none = () => {};
const handler = new Proxy({}, { get: trap });

class NamedByGetter extends Error { static get name() { return trap(); } }
class Tagged { get [Symbol.toStringTag]() { return trap(); } get ['constructor']() { return trap(); } get message() { return trap(); } }
class Own extends Error { constructor() { super('own'); for (const key of ['stack', 'message', 'name', 'constructor', 'cause', 'toString']) Object.defineProperty(this, key, { get: trap, configurable: true }); } }
class ProxyParent { }
Object.setPrototypeOf(ProxyParent.prototype, new Proxy({}, handler));
const deep = {};
let top = deep;
for (let i = 0; i < 10_000; i++) top = Object.create(top);
const sandbox = vm.createContext(new Proxy({}, { get: trap, has: trap, getOwnPropertyDescriptor: trap }));
const realm = vm.createContext({});
const revoked = Proxy.revocable(function () {}, {});
revoked.revoke();
const rope = 'x'.repeat(600_000) + '\u{1F600}' + 'y'.repeat(600_000);
const values = [
  new NamedByGetter('named'), new Tagged(), new Own(), new ProxyParent(), top, Object.create(null), revoked.proxy,
  new Proxy(new Error('behind'), handler), new Proxy(class {}, handler), Object.freeze(Object.assign(new Error('frozen'), { a: 1 })),
  Object.preventExtensions(Object.create(null, { message: { value: 'sealed' } })), { message: { toString: trap } }, { message: new String('object') },
  rope, new Error(rope), new Error('nul\0nul'), '\ud800 lone', new Error('\udfff'), '', new Error(''), -0, NaN, 1e300, 2n ** 100_000n, -(10n ** 30n),
  Symbol('s'), Symbol.iterator, none, class A { static name = trap }, async () => {}, null, undefined, true, [], new Map(), new Uint8Array(8), new WeakMap(),
  Promise.resolve(1), new Date(NaN), /x/, globalThis, sandbox, vm.runInContext('globalThis', sandbox), vm.runInContext('globalThis', realm), vm.runInContext('new TypeError("realm")', realm),
  vm.runInContext('(class Far extends Error {})', realm), new (vm.runInContext('(class Far extends Error {})', realm))('far'),
  new DOMException('dom', 'AbortError'), new AggregateError([1], 'many'), process.env, process, new SharedArrayBuffer(4), (function () { return arguments; })(1), Object(1n), Object(Symbol('o')), new Intl.Collator(), new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
];
let thrown = 0;
function thrower(value) { thrown++; throw value; }

function all() {
  for (const value of values) {
    try { thrower(value); } catch (caught) { if (!Object.is(caught, value)) console.log('another', typeof value); }
    Promise.reject(value).catch(none);
  }
}

// At the end of the stack: in the callback itself, in a catch clause, in a promise.
function overflow() { try { overflow(); } catch (error) { throw error; } }
function swallow() { try { swallow(); } catch { try { throw new Error('at the end'); } catch {} } }
function settle(n) { return n === 0 ? Promise.reject(new Error('deep')) : settle(n - 1); }
// Handled ones: Node's own callback for others fails there, and prints so.
function rejectDeep(reject) { try { rejectDeep(reject); } catch { reject(new Error('end')); } }

async function main() {
  armed = true;
  all();
  await new Promise(setImmediate);
  armed = false;
  let overflows = 0;
  for (let i = 0; i < 20; i++) {
    try { overflow(); } catch (error) { if (error instanceof RangeError) overflows++; }
    swallow();
    new Promise((_, reject) => setImmediate(rejectDeep, reject)).catch(none);
    await settle(1000).catch(none);
  }
  console.log(JSON.stringify({ thrown, ran, overflows }));
  // Ended while it throws as fast as it can; and out of memory while it throws.
  for (const what of ['ends', 'fills']) {
    const worker = new Worker(__filename, { workerData: what, resourceLimits: { maxOldGenerationSizeMb: what === 'fills' ? 16 : 1024 } });
    const code = await new Promise((resolve) => {
      worker.on('error', (error) => console.log(error.code)).on('exit', resolve);
      worker.on('message', () => void (what === 'ends' && setTimeout(() => worker.terminate(), 20)));
    });
    console.log(what, code);
  }
  const registry = new FinalizationRegistry(() => { throw new Error('finalized'); });
  process.once('uncaughtException', (error) => console.log('caught', error.message));
  (() => registry.register({}, 1))();
  for (let i = 0; i < 20; i++) { globalThis.gc?.(); await new Promise(setImmediate); }
  process.on('exit', () => { try { throw new Error('at exit'); } catch {} });
}

if (isMainThread) main();
else {
  require('node:worker_threads').parentPort.postMessage('runs');
  const kept = [];
  for (;;) {
    try { throw new Error('again'); } catch (error) { if (workerData === 'fills') kept.push(error, new Array(1000).fill(error.message + kept.length)); }
    if (kept.length % 100 === 0) Promise.reject(new Error('rejected')).catch(none);
  }
}
