// Programs that end in the middle of what they serve and ask for.
const http = require('http');
const { Worker, isMainThread, workerData } = require('worker_threads');
const { ask, listen } = require('./common.js');

const ends = {
  exit: () => process.exit(3),
  throw: () => {
    process.removeAllListeners('uncaughtException');
    throw new Error('nobody catches this');
  },
};
const serve = async (end, onHeld) => {
  const server = http.createServer((request, response) => {
    if (request.url === '/done') response.end();
    else if (request.url === '/end') ends[end]();
    else onHeld?.();
  });
  return listen(server);
};

if (isMainThread) {
  for (const end of Object.keys(ends))
    exports[end] = async () => {
      const port = await serve(end);
      await ask({ port, path: '/done' });
      void ask({ port, path: '/held' });
      await ask({ port, path: '/end' });
    };
  exports.terminate = async () => {
    const worker = new Worker(__filename, { workerData: 'serve' });
    const port = await new Promise((resolve) => worker.on('message', resolve));
    await ask({ port, path: '/done' });
    const held = ask({ port, path: '/held' });
    await new Promise((resolve) => worker.on('message', resolve));
    await worker.terminate();
    return held;
  };
} else if (workerData === 'serve') {
  const { parentPort } = require('worker_threads');
  serve('', () => parentPort.postMessage('held')).then((port) => parentPort.postMessage(port));
}
