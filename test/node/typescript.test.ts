/** TypeScript: Node's own type stripping, transformation, and tsx. Each function by the line and file that it was written in. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { Isolated } from './isolated.js';
import { everyWay, MAJOR, type Way } from './ways.js';

const isolated = new Isolated(t);
const folder = 'ways/typed';
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

const common = { sell: 20, twice: 22, stack: 2 };
const linesOf = { sell: 'shop.cts:9', twice: 'shop.cts:13', stack: 'shop.cts:19' };
const modules = { sell: 20, price: 20, twice: 23, stack: 3 };

/** The ways that every loader of TypeScript knows. */
const PROGRAMS: Record<string, Omit<Way, 'args'> & { readonly program: string }> = {
  CommonJS: { program: 'main.cts', calls: common, lines: linesOf },
  'an ES module that also requires': {
    program: 'main.mts',
    calls: modules,
    lines: { sell: 'shop.mts:6', price: 'shop.mts:11' },
  },
  'an ES module that imports CommonJS': { program: 'both.mts', calls: { sell: 1, twice: 2, stack: 1 }, lines: linesOf },
  'a file that only its text says to be an ES module': {
    program: 'untyped.ts',
    calls: { sold: 2, sell: 2, price: 2 },
    lines: { sold: 'untyped.ts:2' },
  },
  'a file that only its text says to be CommonJS': {
    program: 'script.ts',
    calls: { sold: 2, sell: 2 },
    lines: { sold: 'script.ts:2', sell: 'shop.cts:9' },
  },
  'CommonJS that requires an ES module': {
    program: 'requires.cts',
    since: 22,
    calls: { sell: 1, stack: 1, price: 1, twice: 2 },
    lines: { sell: 'shop.mts:6' },
  },
};

const TRANSFORMED: typeof PROGRAMS = Object.fromEntries(
  ['transform.mts', 'transform.cts'].map((program) => [
    `enums and namespaces in ${program}`,
    {
      program,
      calls: { of: 2, cost: 3, constructor: 3, __name: 0, __export: 0 },
      lines: { of: `${program}:4`, cost: `${program}:10` },
    },
  ]),
);

/** Node 24 transforms imported CommonJS twice, and loses its lines on the way: its own stack traces have the wrong ones, too. */
const LOST = 'an ES module that imports CommonJS';
const LINELESS = MAJOR < 24 ? {} : { [LOST]: { ...PROGRAMS[LOST]!, lines: {} } };

const SETUPS: Record<string, readonly [flags: readonly string[], programs: typeof PROGRAMS, since: number]> = {
  "Node's own": [MAJOR < 24 ? ['--experimental-strip-types'] : [], PROGRAMS, 22],
  "Node's own, with source maps": [['--experimental-strip-types', '--enable-source-maps'], PROGRAMS, 22],
  "Node's own, transforming": [['--experimental-transform-types'], { ...PROGRAMS, ...TRANSFORMED, ...LINELESS }, 22],
  tsx: [['--import', tsx], { ...PROGRAMS, ...TRANSFORMED }, 20],
  'tsx, for CommonJS alone': [
    ['--require', createRequire(import.meta.url).resolve('tsx/cjs')],
    { CommonJS: PROGRAMS['CommonJS']! },
    20,
  ],
};

const WAYS: Record<string, Way> = {
  'what Node can not strip': { folder, args: ['--experimental-strip-types', 'unsupported.mts'], calls: {}, since: 22 },
  'what is broken': { folder, args: ['--experimental-strip-types', 'broken.cts'], calls: {}, since: 22 },
  'JSX under tsx': {
    folder,
    args: ['--import', tsx, 'Component.tsx'],
    calls: { View: 2, h: 2 },
    lines: { View: 'Component.tsx:3' },
  },
};
for (const [how, [flags, programs, since]] of Object.entries(SETUPS))
  for (const [what, { program, since: own = 0, ...way }] of Object.entries(programs))
    WAYS[`${how}: ${what}`] = { ...way, folder, args: [...flags, program], since: Math.max(since, own) };

t.test('TypeScript is told as it was written', (t) => everyWay(t, isolated, WAYS));
