// Each line that ends in a comment with `!` rejects promises or throws: class|message|function|line; the test reads them from here.
// A line number is the line's own unless it says another.
const fs = require('node:fs');
const { promisify } = require('node:util');
const { finished } = require('node:stream/promises');
const { Readable } = require('node:stream');
const none = () => {};
const turn = () => new Promise((resolve) => setImmediate(resolve));
const later = (value) => new Promise((_, reject) => setTimeout(reject, 1, value));
const eyes = async (promise) => { try { await promise; } catch (error) { none(error); } };
process.on('unhandledRejection', none).on('rejectionHandled', none).on('uncaughtException', none);

async function objects() {
  await Promise.reject(new Error('made rejected')).catch(none); //! Error|made rejected||14
  await new Promise((_, reject) => reject(new Error('executor'))).then(none, none); //! Error|executor||15
  await later(new RangeError('handler was there')).catch(none); //! RangeError|handler was there||16
  await new Promise(() => { throw new Error('thrown in an executor'); }).catch(none); //! Error|thrown in an executor|<anonymous>|17
  await new Promise(() => null.inExecutor).catch(none); //! TypeError|Cannot read properties of null (reading 'inExecutor')||18
  await Promise.resolve().then(() => null.inThen).catch(none); //! TypeError|Cannot read properties of null (reading 'inThen')||19
  await (async () => { await null; null.inAsync(); })().catch(none); //! TypeError|Cannot read properties of null (reading 'inAsync')||20
  await fs.promises.readFile('/none').catch(none); //! Error|ENOENT: no such file or directory, open '/none'||0
  await promisify((callback) => setImmediate(callback, new Error('callback')))().catch(none); //! Error|callback||22
  await Promise.reject(new Error('chain')).then(none).finally(none).then(none).catch(none); //! Error|chain||23
  await Promise.all([1, 2, 3].map((n) => Promise.reject(new Error('all')))).catch(none); //! Error|all||24; Error|all||24; Error|all||24
  await Promise.any([1, 2].map((n) => later(new Error('any')))).catch(none); //! Error|any||25; Error|any||25; AggregateError|All promises were rejected||0
  await Promise.allSettled([later(new Error('settled')), Promise.race([later(new Error('raced')), new Promise(none)])]); //! Error|settled||26; Error|raced||26
  await eyes(new Promise((resolve) => resolve({ then() { throw new Error('thenable'); } }))); //! Error|thenable|then|27
  await eyes(finished(Readable.from([1]).destroy(new Error('stream')))); //! Error|stream||0
  await eyes((async function* () { yield 1; throw new Error('generator'); })().next().then(() => { throw new Error('of then'); })); //! Error|of then|<anonymous>|29
  class Sub extends Promise {}
  await eyes(Sub.reject(new Error('subclass')).then(none)); //! Error|subclass||31
}

async function shared() {
  const failed = later(new Error('shared')); //! Error|shared||35
  for (let i = 0; i < 5; i++) await eyes(failed);
  await Promise.all([eyes(failed), eyes(failed), failed.catch(none)]);
  const thrown = (async () => { throw new Error('thrown once'); })(); //! Error|thrown once|<anonymous>|38
  for (let i = 0; i < 5; i++) await eyes(thrown);
  async function passes(n) { return n ? await passes(n - 1) : await failed; }
  await eyes(passes(10));
  async function again() { try { await failed; } catch (error) { throw error; } } //! Error|shared|again|42
  await eyes(again());
}

async function values() {
  for (let i = 0; i < 3; i++) await Promise.reject('text').catch(none); //! string|text||0; string|text||0; string|text||0
  for (let i = 0; i < 3; i++) await eyes(Promise.reject('seen')); //! string|seen||0; string|seen||0; string|seen||0
  for (let i = 0; i < 2; i++) await later(42).then(none).finally(none).catch(none); //! number|42||0; number|42||0
  async function thrower() { await null; throw 10n; }  //! bigint|10|thrower|50
  async function outer() { return await thrower(); }
  await eyes(outer());
  await eyes((async () => Promise.reject(null))()); //! object|null||0
  await Promise.reject(undefined).then(none).catch(none); //! undefined|undefined||0
  await eyes(Promise.all([Promise.reject(Symbol('symbol')), later(false)])); //! symbol|||0; boolean|false||0
  await later({ message: 'no error' }).catch(none); //! Object|no error||0
  await turn();
}

async function late() {
  const early = Promise.reject(new Error('handled later')); //! Error|handled later||61
  await turn();
  await eyes(early);
  Promise.reject(new Error('unhandled')); //! Error|unhandled||64
  Promise.reject('unhandled text'); //! string|unhandled text||0
  await turn();
  queueMicrotask(() => null.inMicrotask); //! TypeError|Cannot read properties of null (reading 'inMicrotask')||67
  await turn();
  process.nextTick(() => { throw 'in a tick'; }); //! string|in a tick|<anonymous>|69
  await turn();
}

objects().then(shared).then(values).then(late).then(() => console.log('done'));
