// Each line that ends in a comment with `!` makes exceptions: class|message|function, in order; the test reads them from here.
const foreign = require('./foreign.js');
const quiet = (run) => { try { return run(); } catch { return undefined; } };
let ran = 0;
const caught = (run) => { try { run(); } catch (error) { error.caught = true; } };
const unnamed = (run) => { try { run(); } catch { ran += 0; } };
const parts = (run) => { try { run(); } catch ({ message, ...rest }) { rest.message = message; } };
const trap = () => { ran++; return undefined; };

function thrower() { throw new TypeError('class and message'); } //! TypeError|class and message|thrower
try { thrower(); } catch {}
class Mine extends Error {}
function custom() { throw new Mine('of a class'); } //! Mine|of a class|custom
try { custom(); } catch (error) { error.caught = true; }
const expression = (n) => { if (n) { const made = new Error('made before'); throw made; } }; //! Error|made before|expression
try { expression(1); } catch ({ message }) { message.length; }

function again() { try { throw new Error('first'); } catch (error) { throw error; } } //! Error|first|again; Error|first|again
quiet(again);
function wraps() { try { throw new Error('inner'); } catch (error) { throw new Error('outer', { cause: error }); } } //! Error|inner|wraps; Error|outer|wraps
quiet(wraps);
function ends() { try { throw new Error('ended'); } finally { ran += 0; } } //! Error|ended|ends
quiet(ends);
function lost() { try { throw new Error('lost'); } finally { return 1; } } //! Error|lost|lost
quiet(lost);

function texts(value) { throw value; } //! string|text|texts; number|42|texts; bigint|10|texts; boolean|false|texts; object|null|texts; undefined|undefined|texts; symbol||texts; Object|an object|texts
for (const value of ['text', 42, 10n, false, null, undefined, Symbol('s'), { message: 'an object' }]) try { texts(value); } catch {}

class Hostile extends Error { get message() { return trap(); } get name() { return trap(); } get stack() { return trap(); } toString() { return trap(); } get [Symbol.toStringTag]() { return trap(); } static get name() { return trap(); } }
function hostile(value) { throw value; } //! ?||hostile; Proxy||hostile; Proxy||hostile; ?||hostile; Error|frozen|hostile
const getter = Object.defineProperty(new Hostile(), 'message', { get: trap });
const proxy = new Proxy(new Error('behind'), new Proxy({}, { get: trap }));
const { proxy: revoked, revoke } = Proxy.revocable({}, {}); revoke();
const strange = Object.create(new Proxy({}, { get: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap, has: trap }), { message: { get: trap } });
const all = [getter, proxy, revoked, strange, Object.freeze(new Error('frozen'))];
Object.defineProperty(Object.prototype, 'value', { get: trap, configurable: true });
for (const one of all) try { hostile(one); } catch {}
delete Object.prototype.value;

function engine() { return null.property; } //! TypeError|Cannot read properties of null (reading 'property')|
caught(engine);
function unbound() { return undefined.other; } //! TypeError|Cannot read properties of undefined (reading 'other')|
unnamed(unbound);
function parse() { JSON.parse('{'); } //! SyntaxError|Expected property name or '}' in JSON at position 1||0
caught(parse);
function unknown() { return notDefined; } //! ReferenceError|notDefined is not defined|
caught(() => { try { unknown(); } finally { ran += 0; } });
// A clause that takes its error apart sees it as a whole first.
function parted() { return null.parted; } //! TypeError|Cannot read properties of null (reading 'parted')|
parts(parted);
function thrownApart() { throw new Error('apart'); } //! Error|apart|thrownApart
parts(thrownApart);

function through() { [1].forEach(() => { throw new Error('through forEach'); }); } //! Error|through forEach|<anonymous>
try { foreign.pass(through); } catch {}
function twice() { const error = foreign.swallow(() => { throw new Error('swallowed'); }); throw error; } //! Error|swallowed|<anonymous>; Error|swallowed|twice
try { twice(); } catch {}
caught(foreign.fail);

async function rejects() { await null; throw new Error('rejected'); } //! Error|rejected|rejects
async function awaits() { try { await rejects(); } catch (error) { error.caught = true; } }
async function given() { try { await Promise.reject(new Error('given')); } catch {} } //! Error|given|
function* steps() { try { yield 1; } catch (error) { error.caught = true; } }
async function main() {
  await awaits();
  await given();
  const it = steps(); it.next();
  it.throw(new Error('into it')); //! Error|into it|
  for (let i = 0; i < 1000; i++) try { many(i); } catch {}
  console.log(JSON.stringify({ ran, ends: process.argv[2] }));
  if (process.argv[2] === 'thrown') end();
  if (process.argv[2] === 'engine') null.end();
  if (process.argv[2] === 'rejected') await Promise.reject(new Error('never awaited'));
}
function many(n) { throw new Error('one of many'); }
function end() { throw new Error('the end'); }
main().catch((error) => setImmediate(() => { throw error; }));
