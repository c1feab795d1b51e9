// Garbage that V8 collects in every way it has, in the main thread and in workers that end by themselves or are ended.
const { Worker, isMainThread, workerData, parentPort } = require('node:worker_threads');
const { PerformanceObserver, constants } = require('node:perf_hooks');

// Functions that a tracer sees: collections count from the one to the other.
const begins = () => performance.now();
const ends = () => performance.now();

let kept = [];
function garbage(rounds) {
  for (let i = 0; i < rounds; i++) {
    kept.push(Array.from({ length: 100 }, (_, n) => ({ i, n })));
    if (kept.length > 3000) kept = kept.slice(2000);
  }
  // Weak references whose callbacks the collector has to run.
  const registry = new FinalizationRegistry(() => {});
  for (let i = 0; i < 100; i++) registry.register({ i }, i);
}

async function main() {
  const told = { minor: 0, major: 0, incremental: 0, weakcb: 0 };
  const names = new Map(Object.entries(constants).filter(([name]) => /^NODE_PERFORMANCE_GC_(MINOR|MAJOR|INCREMENTAL|WEAKCB)$/.test(name)).map(([name, value]) => [value, name.slice(20).toLowerCase()]));
  let [begun, ended] = [0, Infinity];
  const seen = [];
  names.set(2, 'minor'); // by marking; Node has no constant for it
  const count = (entries) => seen.push(...entries);
  const observer = new PerformanceObserver((list) => count(list.getEntries()));
  observer.observe({ type: 'gc' });
  begun = begins();
  for (let i = 0; i < 6; i++) {
    garbage(isMainThread ? 2000 : 1000);
    await new Promise(setImmediate);
  }
  gc();
  gc({ type: 'minor' });
  ended = ends();
  // Entries come in a later turn.
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  count(observer.takeRecords());
  observer.disconnect();
  for (const { startTime, detail } of seen) if (startTime >= begun && startTime <= ended) told[names.get(detail.kind)]++;
  return told;
}

if (isMainThread) {
  (async () => {
    const workers = [1, 2].map((n) => new Worker(__filename, { workerData: n }));
    const told = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.on('message', resolve))));
    console.log('told ' + JSON.stringify([await main(), ...told]));
  })();
} else main().then((told) => parentPort.postMessage(told));
