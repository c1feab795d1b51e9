const { workerData, parentPort } = require('node:worker_threads');
const { inWorker } = require('./work.cjs');
function own(n) { for (let i = 0; i < n; i++) inWorker(i); }
own(workerData ?? 10);
parentPort.postMessage('done');
