import { workerData, parentPort } from 'node:worker_threads';
import { inModule } from './work.mjs';
import { inWorker } from './work.cjs';
function own(n) { for (let i = 0; i < n; i++) inModule(inWorker(i)); }
own(workerData ?? 10);
parentPort.postMessage('done');
