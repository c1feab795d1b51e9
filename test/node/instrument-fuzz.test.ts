import fc from 'fast-check';
import t from 'tap';
import { restore } from '../../providers/node/instrument/index.cjs';
import { mustInstrument, runThrice } from './instrument-model.js';

/** Random bodies for three functions that call each other; `spend` bounds how long they run. */
type Flavor = 'function' | 'async function' | 'function*' | 'async function*';

function statements(flavor: Flavor): fc.Arbitrary<string> {
  const isAsync = flavor.startsWith('async');
  const isGenerator = flavor.endsWith('*');
  const { block } = fc.letrec<{ value: string; statement: string; block: string }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('1', 'a', 'this', 'f.length', 'say(2)', '(b => a)', '`x`', 'void 0'),
      fc.constantFrom('call(f)', 'call(g)', 'call(h)', 'call(b => a)', 'call(x => { throw 8 })'),
      fc.tuple(tie('value'), tie('value')).map(([one, two]) => `(${one}, ${two})`),
      fc.tuple(tie('value'), tie('value')).map(([one, two]) => `[${one}].concat(${two})`),
      ...(isAsync ? [tie('value').map((value) => `await (${value})`)] : []),
      ...(isAsync ? [fc.constant('await Promise.reject(6)')] : []),
      ...(isGenerator
        ? [tie('value').map((value) => `(yield ${value})`), fc.constantFrom('(yield)', '(yield* [3, 4])')]
        : []),
    ),
    statement: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('value').map((value) => `${value}\n`),
      tie('value').map((value) => `say(typeof (${value}))\n`),
      tie('value').map((value) => `return ${value}\n`),
      tie('value').map((value) => `throw ${value}\n`),
      fc.constantFrom('return\n', 'break l\n', 'if (spend()) return 5\n'),
      tie('block').map((block) => `if (spend()) {${block}} else return\n`),
      tie('block').map((block) => `for (const x of values()) {${block}}`),
      tie('block').map((block) => `do {${block}if (spend()) continue\n${block}} while (spend())\n`),
      ...(isAsync
        ? [
            tie('block').map(
              (block) => `for await (const x of each()) {${block}if (spend()) continue; else if (spend()) break}`,
            ),
          ]
        : []),
      fc.tuple(tie('block'), tie('block')).map(([one, two]) => `try {${one}} catch (e) {${two}}`),
      fc.tuple(tie('block'), tie('block')).map(([one, two]) => `try {${one}} catch {${two}}`),
      fc.tuple(tie('block'), tie('block')).map(([one, two]) => `try {${one}} finally {${two}}`),
      fc
        .tuple(tie('block'), tie('block'), tie('block'))
        .map(([one, two, three]) => `try {${one}} catch ({ z }) {${two}} finally {${three}}`),
    ),
    block: fc.array(tie('statement'), { maxLength: 3 }).map((all) => all.join('')),
  }));
  return block.map((text) => `l: {${text}}`);
}

const program = fc
  .array(
    fc
      .constantFrom<Flavor[]>('function', 'async function', 'function*', 'async function*')
      .chain((flavor) => statements(flavor).map((body) => ({ flavor, body }))),
    { minLength: 3, maxLength: 3 },
  )
  .map(
    (bodies) =>
      bodies
        .map(({ flavor, body }, index) => `${flavor} ${'fgh'[index]}(a) { if (!spend()) return 0; ${body} }`)
        .join('\n') + '\ncall(f)',
  );

/** What programs can call; none of it is instrumented. */
function hosts(): Record<string, unknown> {
  let budget = 60;
  const spend = (): boolean => budget-- > 0;
  async function* each(): AsyncGenerator<number> {
    for (const value of [1, 2]) if (spend()) yield await Promise.resolve(value);
  }
  function* values(): Generator<number> {
    for (const value of [1, 2]) if (spend()) yield value;
  }
  /** Calls a function and drives what it returns: some generators to the end, others not. */
  const call = (fn: (a: unknown) => unknown): unknown => {
    const result = fn(1);
    if (result instanceof Promise) result.catch(() => 0);
    if (typeof result !== 'object' || result === null || !('next' in result)) return result;
    const generator = result as Generator & AsyncGenerator;
    const how = budget % 4;
    const step = (): unknown => (how === 0 ? generator.return(3) : how === 1 ? generator.throw(4) : generator.next(2));
    const first: unknown = generator.next();
    if (!(first instanceof Promise)) return step();
    return first.then(step, () => 0);
  };
  return { spend, each, values, call, Promise };
}

t.setTimeout(180_000);
t.test('random programs do the same with and without callbacks, and frames always match', async (t) => {
  // Programs drop promises, with and without callbacks.
  const ignore = (): void => undefined;
  process.on('unhandledRejection', ignore);
  t.teardown(() => process.off('unhandledRejection', ignore));
  await fc.assert(
    fc.asyncProperty(program, async (source) => {
      const { plain, untraced, traced } = await runThrice(source, hosts);
      const wrong = traced.log.filter((line) => line.startsWith('WRONG'));
      const summary = ({ said, failure }: typeof plain): string => JSON.stringify([said, failure]);
      if (summary(plain) !== summary(untraced) || summary(plain) !== summary(traced))
        throw new Error(`${summary(plain)}\n${summary(untraced)}\n${summary(traced)}`);
      if (wrong.length) throw new Error(traced.log.join('\n'));
      if (restore(mustInstrument(source).code) !== source) throw new Error('not restored');
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 500) },
  );
  t.pass();
});
