// Errors that nobody catches, out of the depth of a library; argv says which.
const _ = require('lodash');
// Only where it is needed: its text has the word import in it, for which Node 20's loader thread is started.
const acorn = { parse: (...args) => require('acorn').parse(...args) };
const ways = {
  library: () => acorn.parse('let a = {\n  b: ', { ecmaVersion: 2024 }),
  callback: () => _.map([1, 2], (n) => _.flow([(m) => m.property.missing])({ n })),
  parser: () => require('marked').parse(undefined),
  rejection: () => _.each([1], async () => { await null; throw new TypeError('nobody cares'); }),
  emitter: () => process.nextTick(() => new (require('node:events'))().emit('error', new Error('unheard'))),
  timer: () => setTimeout(_.once(() => undefined.x), 1),
  cause: () => { try { JSON.parse('{]'); } catch (error) { throw new AggregateError([error, new RangeError('b')], 'many', { cause: error }); } },
  value: () => Promise.reject({ plain: 'object', [Symbol('s')]: 1 }),
  again: () => { try { acorn.parse('(', { ecmaVersion: 2024 }); } catch (error) { error.extra = { depth: 1 }; throw error; } },
  undici: () => require('undici').request('http://127.0.0.1:1/').then(console.log),
  overflow: () => { function deeper(n) { return deeper(n + 1) + 1; } try { deeper(0); } catch (error) { console.log(error instanceof RangeError, error.message); throw new Error('overflowed'); } },
  monitored: () => {
    process.on('uncaughtExceptionMonitor', (error, origin) => console.log('seen', error.message, origin));
    process.on('uncaughtException', (error) => console.log(error.stack));
    setImmediate(() => _.attempt(() => 1) && _.defer(() => { throw new Error('handled'); }));
  },
};
ways[process.argv[2]]();
