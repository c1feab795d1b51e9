// Ways to wait, or to be called back. Each runs `hit` at least once, afterwards, and resolves; `n` is the request's number.
// A step that knows how often it calls `hit` is what the test counts with.
const { AsyncResource, AsyncLocalStorage } = require('async_hooks');
const { EventEmitter, EventEmitterAsyncResource, on, once } = require('events');
const { pipeline, Readable, Transform, PassThrough, Writable } = require('stream');
const streams = require('stream/promises');
const timers = require('timers/promises');
const { promisify } = require('util');
const crypto = require('crypto');
const dns = require('dns');
const fs = require('fs');
const zlib = require('zlib');

const done = (start) => new Promise(start);
const emitter = new EventEmitter().setMaxListeners(0);

// Two resources for everybody, as a pool of connections or threads has; callers are told apart by an AsyncResource.
const pool = { waiting: [], free: 2 };
function pooled(job, callback) {
  pool.waiting.push({ job, resource: new AsyncResource('POOL'), callback });
  next();
}
function next() {
  if (pool.free === 0 || pool.waiting.length === 0) return;
  pool.free--;
  const { job, resource, callback } = pool.waiting.shift();
  setImmediate(() => {
    const result = job();
    pool.free++;
    resource.runInAsyncScope(callback, null, result);
    resource.emitDestroy();
    next();
  });
}

// Promises that everybody waits for.
let shared;
function sharedPromise() {
  shared ??= timers.setTimeout(1).finally(() => (shared = undefined));
  return shared;
}

async function* numbers(count) {
  for (let i = 0; i < count; i++) {
    await null;
    yield i;
  }
}

const storage = new AsyncLocalStorage();

module.exports = {
  async await(hit) {
    await null;
    hit();
    await timers.setImmediate();
    hit();
  },
  then: (hit) => Promise.resolve(1).then(hit).then(() => hit()),
  catches: (hit) => Promise.reject(new Error('rejected')).catch(() => hit()),
  finally: (hit) => timers.setTimeout(1).finally(() => hit()),
  all: (hit) => Promise.all([1, 2, 3].map(async (i) => (await timers.setTimeout(i % 2), hit()))),
  race: (hit) => Promise.race([timers.setTimeout(1).then(() => hit()), timers.setTimeout(20)]),
  any: (hit) => Promise.any([Promise.reject(new Error('no')), timers.setImmediate()]).then(() => hit()),
  settled: (hit) => Promise.allSettled([Promise.reject(new Error('no')), null]).then(() => hit()),
  async thenable(hit) {
    await { then: (resolve) => setTimeout(() => (hit(), resolve()), 1) };
    hit();
    await new Promise((resolve) => resolve({ then: (also) => (hit(), also()) }));
    hit();
  },
  async shared(hit) {
    await sharedPromise();
    hit();
  },
  async subclass(hit) {
    class Mine extends Promise {}
    await new Mine((resolve) => setImmediate(resolve));
    hit();
    await Mine.resolve().then(() => hit());
  },
  async frozen(hit) {
    await Object.freeze(timers.setImmediate());
    hit();
    await Object.freeze(Promise.resolve()).then(() => hit());
  },
  timeout: (hit) => done((resolve) => setTimeout(() => (hit(), resolve()), 2)),
  interval: (hit) =>
    done((resolve) => {
      let left = 3;
      const timer = setInterval(() => {
        hit();
        if (--left === 0) resolve(clearInterval(timer));
      }, 1);
    }),
  refreshed: (hit) =>
    done((resolve) => {
      const timer = setTimeout(() => (hit(), resolve()), 1);
      setImmediate(() => timer.refresh());
    }),
  immediate: (hit) => done((resolve) => setImmediate(() => (hit(), resolve()))),
  async promised(hit) {
    for await (const _ of timers.setInterval(1)) {
      hit();
      break;
    }
    await timers.setTimeout(1);
    hit();
    await timers.scheduler.wait(1);
    hit();
  },
  tick: (hit) => done((resolve) => process.nextTick(() => (hit(), process.nextTick(() => (hit(), resolve()))))),
  microtask: (hit) => done((resolve) => queueMicrotask(() => (hit(), queueMicrotask(() => (hit(), resolve()))))),
  readFile: (hit) => done((resolve) => fs.readFile(__filename, () => (hit(), resolve()))),
  async files(hit) {
    const file = await fs.promises.open(__filename);
    hit();
    await file.read(Buffer.alloc(10), 0, 10);
    hit();
    await file.close();
    hit();
  },
  stat: (hit) => done((resolve) => fs.stat(__filename, () => fs.readdir(__dirname, () => (hit(), resolve())))),
  fileStream: (hit) =>
    done((resolve) => fs.createReadStream(__filename).on('data', () => hit()).on('close', resolve)),
  piped: (hit) =>
    done((resolve) => {
      const upper = new Transform({
        transform(chunk, _, callback) {
          setImmediate(() => (hit(), callback(null, chunk)));
        },
      });
      pipeline(Readable.from(['a', 'b']), upper, new PassThrough().resume(), () => (hit(), resolve()));
    }),
  async pipelined(hit) {
    const sink = new Writable({ write: (chunk, _, callback) => setImmediate(() => (hit(), callback())) });
    await streams.pipeline(fs.createReadStream(__filename), sink);
    hit();
  },
  async web(hit) {
    const stream = new ReadableStream({
      async pull(controller) {
        await timers.setImmediate();
        hit();
        controller.enqueue('x');
        controller.close();
      },
    });
    for await (const _ of stream) hit();
  },
  emits: (hit, n) =>
    done((resolve) => {
      // Fires for who emits, not for who listens.
      emitter.once(`event ${n}`, () => (hit(), resolve()));
      setImmediate(() => emitter.emit(`event ${n}`));
    }),
  async emitterPromises(hit) {
    const own = new EventEmitter();
    setImmediate(() => own.emit('once'));
    await once(own, 'once');
    hit();
    setImmediate(() => own.emit('on', 1));
    for await (const _ of on(own, 'on')) {
      hit();
      break;
    }
  },
  emitterResource: (hit, n, outside) =>
    done((resolve) => {
      const own = new EventEmitterAsyncResource({ name: 'Mine' });
      own.on('event', () => (hit(), resolve()));
      outside(() => own.emit('event'));
    }),
  bound: (hit, n, outside) => done((resolve) => outside(AsyncResource.bind(() => (hit(), resolve())))),
  snapshot: (hit, n, outside) =>
    done((resolve) => {
      const inside = AsyncLocalStorage.snapshot();
      outside(() => inside(() => (hit(), resolve())));
    }),
  resource: (hit, n, outside) =>
    done((resolve) => {
      const resource = new AsyncResource('Mine');
      outside(() => {
        resource.runInAsyncScope(() => {
          hit();
          resource.runInAsyncScope(() => hit());
        });
        resolve();
      });
    }),
  pool: (hit) => done((resolve) => pooled(() => 1, () => (hit(), resolve()))),
  storage: (hit, n) =>
    storage.run(n, async () => {
      await timers.setImmediate();
      if (storage.getStore() !== n) throw new Error("the program's own storage is broken");
      hit();
      await storage.exit(async () => (await timers.setImmediate(), hit()));
      storage.enterWith({ n });
      await null;
      if (storage.getStore().n !== n) throw new Error("the program's own storage is broken");
      hit();
    }),
  async generator(hit) {
    for await (const _ of numbers(3)) hit();
    const generator = numbers(2);
    await generator.next();
    hit();
    await generator.return();
    hit();
  },
  async syncIterated(hit) {
    for await (const _ of [timers.setTimeout(1), timers.setImmediate(), 1]) hit();
  },
  zlib: (hit) => done((resolve) => zlib.gzip('x'.repeat(1000), (_, data) => (hit(), zlib.gunzip(data, () => (hit(), resolve()))))),
  async zlibStream(hit) {
    await streams.pipeline(Readable.from(['abc']), zlib.createGzip(), new Writable({ write: (c, _, cb) => (hit(), cb()), writev: (c, cb) => (hit(), cb()) }));
  },
  random: (hit) => done((resolve) => crypto.randomBytes(16, () => (hit(), resolve()))),
  derived: (hit) => done((resolve) => crypto.pbkdf2('a', 'b', 1, 16, 'sha1', () => (hit(), resolve()))),
  async digest(hit) {
    await crypto.subtle.digest('SHA-256', Buffer.from('x'));
    hit();
  },
  lookup: (hit) => done((resolve) => dns.lookup('127.0.0.1', () => dns.lookup('localhost', () => (hit(), resolve())))),
  async lookupPromised(hit) {
    await dns.promises.lookup('localhost');
    hit();
  },
  abort: (hit) =>
    done((resolve) => {
      const controller = new AbortController();
      controller.signal.addEventListener('abort', () => (hit(), resolve()));
      setImmediate(() => controller.abort());
    }),
  abortTimeout: (hit) => done((resolve) => AbortSignal.timeout(2).addEventListener('abort', () => (hit(), resolve()))),
  callbackify: (hit) => promisify((callback) => setImmediate(() => (hit(), callback())))(),
  throws: (hit) =>
    done((resolve) => {
      setImmediate(async () => {
        try {
          await Promise.all([timers.setImmediate().then(() => { throw new Error('in between'); })]);
        } catch {
          hit();
        }
        resolve();
      });
    }),
};
