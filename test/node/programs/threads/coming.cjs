// Many workers, some at a time, that begin and end by themselves, by process.exit, by an error or by terminate().
const { Worker, isMainThread, workerData, parentPort } = require('node:worker_threads');
function work(n) { return n < 2 ? n : work(n - 1) + 1; }
if (!isMainThread) {
  for (let i = 0; i < 20; i++) work(5);
  parentPort.postMessage('worked');
  if (workerData === 'exit') process.exit(3);
  if (workerData === 'throw') (function thrower() { throw new Error('thrown'); })();
  if (workerData === 'spin') (function spin() { for (;;) work(5); })();
  if (workerData === 'wait') setInterval(() => work(5), 1);
} else {
  (async () => {
    const ends = {};
    const one = async (how) => {
      const worker = new Worker(__filename, { workerData: how });
      worker.on('error', () => undefined);
      const exit = new Promise((settle) => worker.on('exit', settle));
      await new Promise((settle) => worker.on('message', settle));
      if (how === 'spin' || how === 'wait') await worker.terminate();
      const code = await exit;
      ends[`${how} ${code}`] = (ends[`${how} ${code}`] ?? 0) + 1;
    };
    const hows = ['end', 'exit', 'throw', 'spin', 'wait'];
    const total = Number(process.argv[2] ?? 20);
    let next = 0;
    console.log('begun');
    await Promise.all(Array.from({ length: 3 }, async () => { while (next < total) await one(hows[next++ % hows.length]); }));
    console.log(JSON.stringify(ends));
  })();
}
