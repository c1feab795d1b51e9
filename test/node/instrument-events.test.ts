import t from 'tap';
import type { Test } from 'tap';
import { runThrice } from './instrument-model.js';

/** Runs a program in three ways, expects the same results, and the given events. */
async function expectEvents(t: Test, source: string, events: string): Promise<void> {
  const { plain, untraced, traced } = await runThrice(source);
  for (const outcome of [untraced, traced]) {
    t.same(outcome.value, plain.value, 'the value is the same');
    t.equal(outcome.failure, plain.failure, 'the failure is the same');
    t.same(outcome.said, plain.said, 'what is said is the same');
  }
  t.same(
    untraced.log.filter((line) => !line.startsWith('say ')),
    [],
  );
  t.equal(traced.log.join(', '), events);
}

const CASES: Record<string, [source: string, events: string]> = {
  'a function enters and returns': [
    'function f(a) { return a + g(a) } function g(a) { return a } f(1)',
    '> f, > g, < g, < f',
  ],
  'falling off the end is a return': ['function f() { say(1) } f()', '> f, say 1, < f'],
  'an empty function enters and returns': ['function f() {} f()', '> f, < f'],
  'an early return without value is a return': ['function f(a) { if (a) return; else say(1) } f(1)', '> f, < f'],
  'arrows of all kinds enter and return': [
    'const a = x => x, b = x => ({ x }), c = () => () => 1, d = x => (x, 2), e = () => { }; [a(1), b(2).x, c()(), d(1), e()]',
    '> a, < a, > b, < b, > c, < c, > <anonymous>, < <anonymous>, > d, < d, > e, < e',
  ],
  'recursion nests': ['function f(n) { return n ? n * f(n - 1) : 1 } f(2)', '> f, > f, > f, < f, < f, < f'],
  'methods, accessors, statics, private methods and constructors are functions': [
    `class A { constructor() { this.y = 1 } get x() { return this.#p() } set x(v) { this.y = v }
      static s() { return new A() } #p() { return this.y } }
     class B extends A { constructor() { super(); return; } }
     const a = A.s(); a.x = 5; new B(); a.x`,
    '> A.s, > A.constructor, < A.constructor, < A.s, > A.set x, < A.set x, > B.constructor, ' +
      '> A.constructor, < A.constructor, < B.constructor, > A.get x, > A.#p, < A.#p, < A.get x',
  ],
  'frames that an exception leaves are closed where it is caught': [
    'function f() { try { g() } catch (e) { return e } } function g() { h() } function h() { throw 1 } f()',
    '> f, > g, > h, throw 1, x h, x g, caught 1, < f',
  ],
  'a catch clause without binding sees the exception too': [
    'function f() { try { g() } catch { return 2 } } function g() { throw 1 } f()',
    '> f, > g, throw 1, x g, caught 1, < f',
  ],
  'a catch clause with a pattern still destructures': [
    'function f() { try { g() } catch ({ message: m, n = () => m }) { return n() } } function g() { throw Error("no") } f()',
    '> f, > g, throw no, x g, caught no, > n, < n, < f',
  ],
  'a return with an exception below closes the frames above': [
    'function f() { for (const x of it()) break; return 1 } function* it() { try { yield 1 } finally { say(2) } } f()',
    '> f, > it, s it, r it, say 2, x it, < f',
  ],
  'a return within try-finally is over after the finally clause': [
    'function f() { try { return say(1) } finally { g() } } function g() { } f()',
    '> f, say 1, > g, < g, < f',
  ],
  'a finally clause that throws overrides the return': [
    'function f() { try { return 1 } finally { throw 2 } } function g() { try { f() } catch (e) { return e } } g()',
    '> g, > f, throw 2, x f, caught 2, < g',
  ],
  'a finally clause that jumps out overrides the return': [
    `function f() { for (;;) { try { return 1 } finally { break } } throw 3 }
     function g() { try { f() } catch (e) { return e } } g()`,
    '> g, > f, throw 3, x f, caught 3, < g',
  ],
  'a finally clause that returns overrides the exception': [
    'function f() { try { throw 1 } finally { return 2 } } f()',
    '> f, throw 1, < f',
  ],
  'nested finally clauses keep the return': [
    'function f() { try { try { return 1 } finally { say(1) } } finally { try { say(2) } finally { say(3) } } } f()',
    '> f, say 1, say 2, say 3, < f',
  ],
  'an asynchronous function suspends and resumes': [
    'async function f() { const a = await g(); return a + await 2 } async function g() { return 1 } f()',
    '> f, > g, < g, s f, r f, s f, r f, < f',
  ],
  'a rejection resumes in the catch clause': [
    'async function f() { try { await g() } catch (e) { return e } } async function g() { throw 1 } f()',
    '> f, > g, throw 1, x g, s f, r f, caught 1, < f',
  ],
  'a rejection that nobody catches unwinds': [
    'async function f() { await Promise.reject(1) } async function g() { try { await f() } finally { say(2) } } g().catch(e => e)',
    '> g, > f, s f, s g, r f, x f, r g, say 2, x g, > <anonymous>, < <anonymous>',
  ],
  'asynchronous arrows suspend and resume': [
    'const f = async x => await x, g = async () => 1, h = async () => { await null }; f(1).then(g).then(h)',
    '> f, s f, r f, < f, > g, < g, > h, s h, r h, < h',
  ],
  'await at the start of a line is a statement of its own': [
    'async function f() { let x = say\nawait 1\nreturn x === say } f()',
    '> f, s f, r f, < f',
  ],
  'a generator suspends and resumes': [
    'function* f() { const a = yield 1; yield; return a } const g = f(); [g.next(), g.next(7), g.next()].map(String).join()',
    '> f, s f, r f, s f, r f, < f',
  ],
  'a generator that is thrown into resumes in the catch clause': [
    'function* f() { try { yield 1 } catch (e) { yield e } } const g = f(); g.next(); g.throw(2); g.next().done',
    '> f, s f, r f, caught 2, s f, r f, < f',
  ],
  'a generator that is closed unwinds': [
    'function* f() { yield 1 } const g = f(); g.next(); g.return(5).value',
    '> f, s f, r f, x f',
  ],
  'delegation is one suspension': [
    'function* f() { return yield* g() } function* g() { yield 1; return 2 } [...f()].length',
    '> f, s f, > g, s g, r g, < g, r f, < f',
  ],
  'an asynchronous generator awaits what it returns': [
    'async function* f() { yield 1; return Promise.resolve(2) } (async () => { const g = f(); await g.next(); return (await g.next()).value })()',
    '> <anonymous>, > f, s f, s <anonymous>, r <anonymous>, r f, s f, s <anonymous>, r f, < f, r <anonymous>, < <anonymous>',
  ],
  'an asynchronous generator whose return is rejected unwinds': [
    'async function* f() { return Promise.reject(2) } f().next().catch(e => e)',
    '> f, s f, r f, x f, > <anonymous>, < <anonymous>',
  ],
  'for await suspends before each element': [
    'async function f() { for await (const x of [1, 2]) say(x); say(3) } f()',
    '> f, s f, r f, say 1, s f, r f, say 2, s f, r f, say 3, < f',
  ],
  'break, continue and labels work in for await': [
    `async function f() { if (1) a: b: for await (const x of [1, 2, 3, 4]) { for (;;) { if (x === 1) continue a; if (x === 3) break b; break } say(x) } else say(0); say(9) } f()`,
    '> f, s f, r f, s f, r f, say 2, s f, r f, s f, r f, say 9, < f',
  ],
  'a return out of for await is over when the iterator is closed': [
    `const it = { [Symbol.asyncIterator]() { return this }, async next() { return { value: 1 } }, async return() { say(2); return {} } };
     async function f() { for await (const x of it) return x } f()`,
    '> f, s f, > [Symbol.asyncIterator], < [Symbol.asyncIterator], > next, < next, r f, s f, > return, say 2, < return, r f, < f',
  ],
  'a return out of for await unwinds if the iterator fails to close': [
    `const it = { [Symbol.asyncIterator]: () => it, next: async () => ({ value: 1 }), return: async () => { throw 5 } };
     async function f() { for await (const x of it) return x } f().catch(e => e)`,
    '> f, s f, > [Symbol.asyncIterator], < [Symbol.asyncIterator], > next, < next, r f, s f, > return, throw 5, x return, r f, x f, > <anonymous>, < <anonymous>',
  ],
  'an exception within for await unwinds': [
    'async function f() { for await (const x of [1]) { g() } } function g() { throw 4 } f().catch(e => e)',
    '> f, s f, r f, > g, throw 4, x g, s f, r f, x f, > <anonymous>, < <anonymous>',
  ],
  'functions that share their name with a variable keep their meaning': [
    'async function f(a) { var g; function g() { return 1 } function a() { return 2 } return (await g()) + a() } f()',
    '> f, > g, < g, s f, r f, > a, < a, < f',
  ],
  'what is returned or thrown keeps having no name': [
    `function f() { return function () {} } const g = () => class {}; function h() { throw class {} }
     function i() { return (() => {}) } let n; try { h() } catch (e) { n = e.name }
     JSON.stringify([f().name, g().name, n, i().name])`,
    '> h, throw class {}, > f, < f, > g, < g, > i, < i',
  ],
};

for (const [name, [source, events]] of Object.entries(CASES)) t.test(name, (t) => expectEvents(t, source, events));
