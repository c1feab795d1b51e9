// Prints everything that a program can see of asynchronous contexts, the same each time. Argument: what it uses itself.
// A line on stdin begins it; PP_TWICE: another one begins it again.
const hooks = require('async_hooks');
const { writeSync, readFile, stat } = require('fs');
const { inspect } = require('util');
const net = require('net');
const v8 = require('v8');
const uses = process.argv[2];
const shown = (value) => (typeof value === 'string' ? value : inspect(value, { depth: 1 }).replace(/(async_id_symbol\)\]?: )\d+/g, '$1N'));
const say = (...words) => writeSync(1, words.map(shown).join(' ') + '\n');

const log = [];
const storage = new hooks.AsyncLocalStorage();
// Numbers from `base` on. Older ones may differ, as Node itself makes fewer resources while nobody has hooks.
const number = (id) => (id > base ? id - base : 'earlier');
// The rest is destroyed whenever the collector gets to it.
const timers = new Set();
const observer = () =>
  hooks.createHook({
    init(id, type, trigger, resource) {
      if (type === 'Timeout') timers.add(id);
      log.push(`init ${type} ${number(id)} ${number(trigger)} ${inspect(resource?.constructor?.name)}`);
    },
    before: (id) => log.push(`before ${number(id)} ${number(hooks.executionAsyncId())}`),
    after: (id) => log.push(`after ${number(id)}`),
    promiseResolve: (id) => log.push(`resolve ${number(id)}`),
    ...(uses === 'destroy' && { destroy: (id) => timers.has(id) && log.push(`destroy ${number(id)}`) }),
  });
let base = 0;

const symbols = (object) => Reflect.ownKeys(object).map(String).join();
const timerOf = (timer) => symbols(timer);
async function visible() {
  const pending = new Promise(() => {});
  const then = Promise.resolve(1).then((x) => x);
  const timer = setTimeout(() => {}, 1);
  say('promises', pending, then, symbols(pending), symbols(then));
  await then;
  say('awaited', then, symbols(then), Object.isExtensible(then));
  say('timer', timerOf(timer));
  const immediate = setImmediate(() => {});
  say('immediate', symbols(immediate));
  const resource = new hooks.AsyncResource('Mine');
  say('resource', symbols(resource));
  await new Promise((resolve) => setImmediate(resolve));
}
async function frozen() {
  const promise = Object.freeze(Promise.resolve('cold'));
  say('frozen', await promise, await promise.then((x) => x), symbols(promise));
  const sealed = Object.seal(new Promise((resolve) => setImmediate(resolve, 'sealed')));
  say(await sealed, symbols(sealed));
  class Strict extends Promise {
    constructor(start) {
      super(start);
      Object.preventExtensions(this);
    }
  }
  say(await new Strict((resolve) => setImmediate(resolve, 'strict')).then((x) => x));
}
async function ids() {
  const start = number(hooks.executionAsyncId());
  await null;
  say('ids', start, number(hooks.executionAsyncId()), number(hooks.triggerAsyncId()));
  await new Promise((resolve) =>
    setTimeout(() => {
      say('timeout', number(hooks.executionAsyncId()), number(hooks.triggerAsyncId()), hooks.executionAsyncResource().constructor.name);
      process.nextTick(() => {
        say('tick', number(hooks.executionAsyncId()), number(hooks.triggerAsyncId()));
        // Node 24 numbers microtasks only for who has hooks, and then ours count as well.
        if (process.versions.node >= '24' && uses === 'ids') return resolve();
        queueMicrotask(() => (say('microtask', number(hooks.executionAsyncId())), resolve()));
      });
    }, 1),
  );
}
async function stacks() {
  const stack = (error) => say(error.stack.replaceAll(__dirname, ''));
  await new Promise((resolve) => stat(__filename, () => (stack(new Error('in a file operation')), resolve())));
  await new Promise((resolve) => {
    const server = net.createServer((socket) => {
      stack(new Error('in a server'));
      socket.end();
      server.close(resolve);
    });
    server.listen(0, '127.0.0.1', () => net.connect(server.address().port, '127.0.0.1').resume());
  });
  await new Promise((resolve) => setImmediate(() => (stack(new Error('in an immediate')), resolve())));
  const prepare = Error.prepareStackTrace;
  await new Promise((resolve) =>
    readFile(__filename, () => {
      Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getFunctionName()).join();
      const text = new Error('x').stack;
      Error.prepareStackTrace = prepare;
      say(text);
      resolve();
    }),
  );
}
// Each level makes something asynchronous; where the stack ends is found by falling over the edge, hundreds of times.
function overflow() {
  let caught = 0;
  const fall = (make) => {
    try {
      make();
      fall(make);
    } catch (error) {
      if (error instanceof RangeError) caught++;
      throw error;
    }
  };
  for (const make of [() => clearImmediate(setImmediate(() => {})), () => new hooks.AsyncResource('Deep'), () => new hooks.AsyncResource('D', { requireManualDestroy: true }).runInAsyncScope(() => {}), () => Promise.resolve().then(() => {}), () => setTimeout(() => {}, 1)])
    for (let i = 0; i < 5; i++)
      try {
        fall(make);
      } catch {
        continue;
      }
  say('overflows survived', caught > 0);
}

const modes = {
  nothing: visible,
  frozen,
  ids,
  stacks,
  overflow,
  async hooks() {
    const hook = observer().enable();
    base = Infinity;
    base = new hooks.AsyncResource('Base').asyncId();
    await ids();
    await Promise.all([1, 2].map(async (i) => (await null, i)));
    new hooks.AsyncResource('Mine').runInAsyncScope(() => log.push('inside'));
    await new Promise((resolve) => setImmediate(resolve));
    hook.disable();
    await null;
    say(inspect(log.splice(0), { maxArrayLength: null }));
  },
  destroy: () => modes.hooks(),
  async storage() {
    await storage.run('outer', async () => {
      await null;
      say(storage.getStore(), storage.run('inner', () => storage.getStore()), storage.exit(() => storage.getStore()));
      await new Promise((resolve) => setTimeout(resolve, 1));
      storage.enterWith('entered');
      await visible();
      say(storage.getStore());
    });
    say(storage.getStore());
  },
  async promiseHooks() {
    const counts = {};
    const count = (name) => () => (counts[name] = (counts[name] ?? 0) + 1);
    const stop = v8.promiseHooks.createHook({ init: count('init'), before: count('before'), after: count('after'), settled: count('settled') });
    for (let i = 0; i < 10; i++) await null;
    await Promise.all([Promise.resolve(1).then((x) => x), null]);
    stop();
    say(counts);
  },
  async domain() {
    const domain = require('domain').create();
    const error = await new Promise((resolve) => {
      domain.on('error', (error) => resolve(error));
      domain.run(() => setTimeout(() => process.nextTick(() => { throw new Error('in a domain'); }), 1));
    });
    say(error.message, error.domain === domain, process.domain === domain);
    await new Promise((resolve) => {
      domain.removeAllListeners('error').on('error', (error) => (say('again', error.message), resolve()));
      domain.run(() => setImmediate(() => { throw new Error('in an immediate'); }));
    });
  },
  async uncaught() {
    process.on('uncaughtException', (error, origin) => say('uncaught', error.message, origin, hooks.executionAsyncId() > 0));
    process.on('unhandledRejection', (error) => say('unhandled', error.message));
    for (const wait of [setImmediate, setTimeout, process.nextTick, queueMicrotask])
      await new Promise((resolve) => {
        wait(() => {
          setTimeout(resolve, 2);
          throw new Error(wait.name);
        });
      });
    Promise.reject(new Error('nobody listens'));
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners();
  },
};

say('ready');
const again = process.env.PP_TWICE;
let runs = 0;
process.stdin.on('data', async () => {
  process.stdin.pause();
  base = new hooks.AsyncResource('Base').asyncId();
  await modes[uses]();
  say('run', ++runs);
  if (again && runs < 2) process.stdin.resume();
  else process.stdin.destroy();
});
