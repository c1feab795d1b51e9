// Collections: forced ones of both kinds, and as many small ones as garbage makes. With --expose-gc.
const { Worker, isMainThread, workerData } = require('worker_threads');
const [forced, minor] = isMainThread ? [Number(process.argv[2]), Number(process.argv[3])] : workerData;
for (let i = 0; i < forced; i++) gc();
for (let i = 0; i < minor; i++) gc({ type: 'minor' });
let kept = [];
for (let i = 0; i < 300_000; i++) kept = i % 1000 === 0 ? [] : [i, kept.length, { i }, kept];
if (isMainThread) new Worker(__filename, { workerData: [forced + 1, minor + 1] });
