import { readFileSync, readdirSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join, relative, resolve } from 'node:path';
import { parse } from 'acorn';
import type { AnyNode } from 'acorn';
import t from 'tap';
import { entries } from './instrument-model.js';
import { attempt, bind, isRefusal, restore } from '../../providers/node/instrument/index.cjs';
import type { SourceKind } from '../../providers/node/instrument/index.cjs';

t.setTimeout(180_000);
const require = createRequire(import.meta.url);
const modules = resolve(require.resolve('acorn/package.json'), '../..');

const PACKAGES = ['acorn', 'autocannon', 'commander', 'eslint', 'express', 'fast-check'];
PACKAGES.push('picomatch', 'prettier', 'semver', 'tsx');

function scripts(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[cm]?js$/.test(name))
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile());
}

/** Parses what may be a module or not. */
function parseEither(source: string): { kind: SourceKind; tree: AnyNode } | undefined {
  for (const kind of ['commonjs', 'module'] as const)
    try {
      return { kind, tree: parse(source, { ecmaVersion: 'latest', sourceType: kind }) };
    } catch {
      // the other kind, or none: packages contain broken programs as examples
    }
  return undefined;
}

/** The text of each function and class, outer before inner. */
function slices(source: string, tree: AnyNode): string[] {
  const found: string[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) return node.forEach(walk);
    if (node instanceof RegExp) return;
    const { type, start, end } = node as AnyNode;
    if (/^(?:Function|ArrowFunction|Class(?:Decl|Expr)|Method)/.test(type)) found.push(source.slice(start, end));
    Object.values(node).forEach(walk);
  };
  walk(tree);
  return found;
}

/** What is wrong with the instrumented form of a program; undefined for nothing. */
function fault(source: string): string | undefined {
  if (source.includes('__pp_')) return undefined;
  const original = parseEither(source);
  if (!original) return undefined;
  const { kind } = original;
  const result = attempt(source, { kind });
  if (isRefusal(result)) return result.message;
  const code = bind(result.code, 0x10000);
  if (code.split('\n').length !== source.split('\n').length) return 'the number of lines differs';
  let tree: AnyNode;
  try {
    tree = parse(code, { ecmaVersion: 'latest', sourceType: kind });
  } catch (error) {
    return String(error);
  }
  const expected = slices(source, original.tree);
  const found = slices(code, tree);
  if (found.length !== expected.length) return 'the number of functions differs';
  return found.some((text, index) => restore(text) !== expected[index]) ? 'not restored' : undefined;
}

for (const name of PACKAGES)
  t.test(`all programs of ${name} stay correct and can be restored`, (t) => {
    const directory = join(modules, name);
    for (const path of scripts(directory)) {
      const what = fault(readFileSync(path, 'utf8'));
      if (what !== undefined) t.fail(`${relative(modules, path)}: ${what}`);
    }
    t.pass();
    t.end();
  });

t.test('typescript.js stays correct and can be restored', (t) => {
  t.equal(fault(readFileSync(require.resolve('typescript'), 'utf8')), undefined);
  t.end();
});

/** Counts what callbacks hear; a frame that is closed twice, or out of order, is an error. */
class Counter {
  entries = 0;
  exits = 0;
  wrong = 0;
  private readonly stack: object[] = [];

  readonly callbacks: Record<string, unknown> = {
    __pp_e: entries((_, isLasting) => {
      this.entries++;
      const frame: object = isLasting
        ? {}
        : () => {
            this.top(frame);
            this.stack.pop();
            this.exits++;
          };
      this.stack.push(frame);
      return frame;
    }),
    __pp_r: (_: number, frame: object) => {
      this.top(frame);
      this.stack.pop();
      this.exits++;
    },
    __pp_c: (_: number, frame: object) => this.top(frame),
    __pp_t: () => undefined,
    __pp_s: () => undefined,
    __pp_m: (_: number, frame: object) => frame,
  };

  /** Closes the frames whose exception left instrumented code. */
  close(): void {
    this.exits += this.stack.length;
    this.stack.length = 0;
  }

  private top(frame: object): object {
    if (!this.stack.includes(frame)) this.wrong++;
    while (this.stack.length && this.stack.at(-1) !== frame) {
      this.stack.pop();
      this.exits++;
    }
    return frame;
  }
}
const counter = new Counter();
counter.callbacks['__pp_x'] = counter.callbacks['__pp_r'];

function setCallbacks(on: boolean): void {
  for (const [name, value] of Object.entries(counter.callbacks))
    Object.defineProperty(globalThis, name, {
      value: on ? value : name === '__pp_e' ? {} : undefined,
      configurable: true,
      writable: true,
    });
}

type Compile = (this: unknown, code: string, file: string) => unknown;

/** Loads a CommonJS package anew, with everything that it loads instrumented. */
function load(name: string): unknown {
  const path = require.resolve(name);
  const prototype = Module.prototype as unknown as { _compile: Compile };
  const original = prototype._compile;
  const cached = { ...require.cache };
  for (const key of Object.keys(require.cache)) Reflect.deleteProperty(require.cache, key);
  prototype._compile = function (source, file) {
    const result = attempt(source, { kind: 'commonjs', file });
    if (isRefusal(result)) throw new Error(result.message);
    return original.call(this, result.code, file);
  };
  try {
    return require(path) as unknown;
  } finally {
    prototype._compile = original;
    for (const key of Object.keys(require.cache)) Reflect.deleteProperty(require.cache, key);
    Object.assign(require.cache, cached);
  }
}

/** What to do with a package; the result must be the same, off and on. */
const USES: Record<string, (loaded: never) => unknown> = {
  acorn: ({ parse }: typeof import('acorn')) =>
    JSON.stringify(parse(readFileSync(require.resolve('acorn'), 'utf8'), { ecmaVersion: 2024 })),
  semver: (semver: typeof import('semver')) => [
    semver.inc('1.2.3-beta.4', 'prerelease'),
    semver.satisfies('1.9.0', '^1.2 || >=3 <4'),
    semver.minVersion('~2.3')?.version,
    semver.validRange('>a'),
    semver.sort(['2.0.0', '10.0.0', '1.0.0-rc.1']),
  ],
  commander: ({ Command }: typeof import('commander')) => {
    const said: string[] = [];
    const program = new Command('a').exitOverride().option('-b, --bee <n>', 'bee', Number, 1);
    const write = (text: string): void => void said.push(text);
    program.configureOutput({ writeOut: write, writeErr: write });
    program.command('run <x>').action((x: string) => void said.push(x));
    for (const argv of [['run', 'y'], ['-b'], ['--help'], ['nope'], ['-b', '7', 'run', 'z']])
      try {
        program.parse(argv, { from: 'user' });
      } catch (error) {
        said.push(String(error));
      }
    return [said, program.opts()];
  },
  picomatch: (picomatch: typeof import('picomatch')) =>
    ['a/b.js', 'a/.c', 'd'].map((path) => picomatch(['**/*.js', '!(d)'], { dot: true })(path)),
  typescript: (ts: typeof import('typescript')) =>
    ts.transpileModule('enum A { b }; class C<T> { #d = A.b; async e() { await using f = 1 } }', {
      compilerOptions: { target: ts.ScriptTarget.ES2015 },
    }).outputText,
};

for (const [name, use] of Object.entries(USES))
  t.test(`an instrumented ${name} works as before`, (t) => {
    const expected = use(require(name) as never);
    setCallbacks(false);
    const loaded = load(name) as never;
    t.same(use(loaded), expected, 'while nobody traces');
    const { entries, exits } = counter;
    setCallbacks(true);
    t.same(use(loaded), expected, 'while somebody traces');
    setCallbacks(false);
    counter.close();
    t.ok(counter.entries > entries);
    t.equal(counter.exits - exits, counter.entries - entries, 'each entry has its exit');
    t.equal(counter.wrong, 0);
    t.end();
  });
