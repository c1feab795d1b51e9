// One way to begin or to end for each argument. What it prints doesn't depend on time; its children say their pids.
const { spawn, spawnSync, fork, exec } = require('child_process');
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');
const mode = isMainThread ? process.argv[2] : workerData.mode;

function work(n) {
  return n + 1;
}
const works = (count) => {
  for (let i = 0; i < count; i++) work(i);
};
const ended = (child) => new Promise((resolve) => child.on('exit', (code, signal) => resolve(`${code} ${signal}`)));
function deep(n, end) {
  return n === 0 ? end() : deep(n - 1, end) + 1;
}
async function deeper(n) {
  if (n > 0) await deeper(n - 1);
  return n;
}
function over(n) {
  return over(n + 1) + 1;
}
function everywhere(n) {
  try {
    return everywhere(n + 1) + 1;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return n;
  }
}

const modes = {
  leaf() {
    console.log(`pid ${process.pid}`);
    works(Number(process.argv[3]));
    process.exitCode = 3;
  },
  async children() {
    works(5);
    const args = [__filename, 'leaf'];
    console.log('spawn', await ended(spawn(process.execPath, [...args, '10'], { stdio: 'inherit' })));
    console.log('fork', await ended(fork(__filename, ['leaf', '20'])));
    console.log('exec', await ended(exec(`exec "${process.execPath}" "${__filename}" leaf 30`).on('spawn', () => {})));
    console.log('sync', spawnSync(process.execPath, [...args, '40'], { stdio: 'inherit' }).status);
    console.log('shell', spawnSync('sh', ['-c', `"$0" "$1" leaf 50; "$0" "$1" leaf 60`, process.execPath, __filename], { stdio: 'inherit' }).status);
    console.log('bare', spawnSync(process.execPath, [...args, '70'], { stdio: 'inherit', env: {} }).status);
  },
  async cluster() {
    const cluster = require('cluster');
    const http = require('http');
    if (cluster.isPrimary) {
      cluster.setupPrimary({ args: ['cluster'] });
      const workers = [1, 2, 3].map(() => cluster.fork());
      const ports = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
      for (const worker of workers) console.log(`pid ${worker.process.pid}`);
      const agent = new http.Agent({ maxSockets: 6 });
      const ask = () =>
        new Promise((resolve) => http.get({ port: ports[0], agent }, (response) => response.resume().on('end', resolve)));
      for (let i = 0; i < 20; i++) await Promise.all([ask(), ask(), ask()]);
      let served = 0;
      for (const worker of workers) {
        const told = new Promise((resolve) => worker.once('message', resolve));
        worker.send('end');
        served += await told;
        worker.disconnect();
      }
      console.log('served', served);
    } else {
      let served = 0;
      const server = http.createServer((request, response) => {
        served++;
        works(2);
        response.end();
      });
      server.listen(0, () => process.send(server.address().port));
      process.on('message', () => process.send(served));
    }
  },
  async workers() {
    if (!isMainThread) return works(20);
    for (let i = 0; i < 50; i++) await ended(new Worker(__filename, { workerData: { mode } }));
    console.log('50 workers');
  },
  async terminated() {
    if (!isMainThread) {
      parentPort.postMessage('busy');
      for (;;) deep(10, () => 1);
    }
    for (let i = 0; i < 10; i++) {
      const worker = new Worker(__filename, { workerData: { mode } });
      await new Promise((resolve) => worker.once('message', resolve));
      console.log('terminated', await worker.terminate());
    }
  },
  async workerExit() {
    if (!isMainThread) deep(10, () => process.exit(5));
    console.log('exit', await ended(new Worker(__filename, { workerData: { mode } })));
  },
  async workerThrows() {
    if (!isMainThread)
      return deep(10, () => {
        throw new Error('in a worker');
      });
    const worker = new Worker(__filename, { workerData: { mode } });
    worker.on('error', (error) => console.log(error.stack));
    console.log('exit', await ended(worker));
  },
  exit: () => deep(10, () => process.exit(7)),
  exitHandler() {
    process.on('exit', (code) => (works(3), console.log('exits', code), (process.exitCode = 9)));
    deep(5, () => process.exit());
  },
  abort: () => deep(10, () => process.abort()),
  kill: () => deep(10, () => process.kill(process.pid, 'SIGKILL')),
  term() {
    process.on('SIGTERM', () => deep(3, () => process.exit(15)));
    process.kill(process.pid, 'SIGTERM');
    setInterval(work, 1000);
  },
  unhandledTerm() {
    setInterval(work, 1000);
    deep(10, () => process.kill(process.pid, 'SIGTERM'));
  },
  uncaught: () =>
    deep(10, () => {
      throw new RangeError('uncaught');
    }),
  handlerThrows() {
    process.on('uncaughtException', () => deep(3, () => {
      throw new RangeError('in the handler');
    }));
    deep(10, () => null.x);
  },
  caughtLast() {
    process.on('uncaughtException', (error) => (work(1), console.log('last', error.message)));
    setImmediate(() => deep(3, () => null.x));
    setTimeout(works, 5, 4);
  },
  async rejection() {
    await deeper(5);
    throw new TypeError('unhandled');
  },
  overflow() {
    try {
      over(0);
    } catch (error) {
      console.log(error.name, error.message);
    }
    console.log(everywhere(0) > 1000);
    works(10);
  },
  async recursion() {
    console.log(await deeper(5000));
    await Promise.all(Array.from({ length: 200 }, (_, i) => deeper(i)));
  },
};
if (!isMainThread || require.main === module) modes[mode]();
