import { Worker, isMainThread, parentPort } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
function known(n) {
  return n + 1;
}
if (isMainThread) new Worker(fileURLToPath(import.meta.url)).on('message', () => known(0));
else {
  let n = 0;
  for (let i = 0; i < 1000; i++) n = known(n);
  parentPort.postMessage(n);
}
