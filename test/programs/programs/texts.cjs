// Programs that read the texts of functions: dependencies by names of parameters, code sent to workers and children.
const { Worker } = require('node:worker_threads');
const { spawnSync } = require('node:child_process');
const vm = require('node:vm');

const namesOf = (fn) => /\(([^)]*)\)|^(?:async\s*)?([\w$]+)\s*=>/.exec(String(fn)).slice(1).find(Boolean)?.split(',').map((name) => name.trim().split('=')[0].trim()) ?? [];
class Service {
  constructor(database, { log } = {}, ...rest) {
    this.database = database;
  }
  async find(id) {
    if (id < 0) throw new Error('negative');
    return (await this.database)[id];
  }
  *all() {
    yield* this.database;
  }
}
const handlers = [Service, Service.prototype.find, (a, b = () => 1) => a, async (x) => await x, function named(y, z) { return y + z; }, (one) => ({ one })];
for (const handler of handlers) console.log(namesOf(handler), handler.length, handler.name, String(handler));

function fibonacci(n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
async function later(n) {
  try {
    await null;
    return fibonacci(n);
  } finally {
    fibonacci(1);
  }
}
console.log(eval(`(${fibonacci})`)(10), new Function(`return ${fibonacci}`)()(11), vm.runInNewContext(`(${fibonacci})(12)`));
console.log(spawnSync(process.execPath, ['-p', `(${fibonacci})(13)`], { encoding: 'utf8' }).stdout);
console.log(Object.getOwnPropertyNames(fibonacci).join(), fibonacci.toString === Function.prototype.toString, `${Function.prototype.toString}`);
const worker = new Worker(`const { parentPort } = require('node:worker_threads'); ${fibonacci}; (${later})(14).then((n) => parentPort.postMessage([n, String(${later})]))`, { eval: true });
worker.on('message', (message) => console.log(message));
later(5).then(async (n) => {
  console.log(n, String(later));
  await new Service(Promise.resolve([1])).find(-1).catch((error) => console.log(error.stack));
});
