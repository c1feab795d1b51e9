/** Ways by which modules are loaded: whichever it is, each function is told, exactly, and the program sees no difference. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { Isolated } from './isolated.js';
import { everyWay, MAJOR, type Way } from './ways.js';

const isolated = new Isolated(t);
const folder = 'ways';
const way = (args: string, calls: Way['calls'], more: Partial<Way> = {}): Way => ({
  args: args.split(' '),
  folder,
  calls,
  ...more,
});

const esmMain = { inMain: 3, inDeep: 3, inEsm: 4, inCjs: 6, plain: 3 };
const cjsMain = { inMain: 3, inCjs: 3, inDeep: 2, inEsm: 2 };
// Node 20 shows nobody what a required ES module imports in turn.
const required = { inMain: 1, inDeep: 1, inCjs: 1, inEsm: MAJOR < 22 ? 0 : 2 };

const WAYS: Record<string, Way> = {
  'an ES module that imports both kinds, JSON and data': way('esm-main.mjs', esmMain),
  'CommonJS that imports late': way('cjs-main.cjs', cjsMain),
  'CommonJS that requires ES modules': way('require-esm.cjs', required),
  'a package that exports one file for import, another for require': way(
    'main.mjs',
    { one: 1, other: 1, dual: 2 },
    { folder: 'ways/conditional' },
  ),
  'an ES module that only its text says to be one': way('untyped/main.js', { inMain: 1, inEsm: 1 }),
  'one that imports nothing': way('untyped/exports-only.js', { inMain: 1 }),
  'one file by several names at once': way('queries.mjs', { queried: 4 }),
  '--require': way('--require ./preload.cjs cjs-main.cjs', { ...cjsMain, inPreload: 1 }),
  '--import': way('--import ./preload.mjs cjs-main.cjs', { ...cjsMain, inPreload: 1, inEsm: 3 }),
  '--import of data': way(
    '--import data:text/javascript,await/**/import(process.env.FILE) cjs-main.cjs',
    { ...cjsMain, inPreload: 1, inEsm: 3 },
    { env: { FILE: pathToFileURL(join(PROGRAMS, folder, 'preload.mjs')).href } },
  ),
  '-e that requires': way('-e require("./inner.cjs").inCjs()', { inCjs: 1 }),
  '-p that requires': way('-p require("./inner.cjs").inCjs()', { inCjs: 1 }),
  '-e that imports': way('-e import("./inner.mjs").then(({inEsm})=>inEsm())', { inEsm: 1 }),
  '-e of an ES module': {
    folder,
    args: ['--input-type=module', '-e', 'import { inEsm } from "./inner.mjs"; inEsm(); inEsm()'],
    calls: { inEsm: 2 },
  },
  'standard input that requires': way('-', { inCjs: 1 }, { stdin: 'console.log(require("./inner.cjs").inCjs())' }),
  'standard input that imports': way(
    '-',
    { inEsm: 1 },
    { stdin: 'import("./inner.mjs").then(({ inEsm }) => console.log(inEsm()))' },
  ),
  'standard input that is an ES module': way(
    '--input-type=module -',
    { inEsm: 1 },
    { stdin: 'import { inEsm } from "./inner.mjs"; console.log(inEsm())' },
  ),
  'a read-eval-print loop': way(
    '-i',
    { inEsm: 2, inCjs: 1 },
    {
      stdin:
        'require("./inner.cjs").inCjs()\nvoid import("./inner.mjs").then(({ inEsm }) => console.log(inEsm(), inEsm()))\n',
      until: 'esm esm',
    },
  ),
  '--experimental-default-type': way(
    '--experimental-default-type=module untyped/main.js',
    // 24 doesn't know it any more.
    MAJOR < 24 ? { inMain: 1, inEsm: 1 } : {},
    {},
  ),
  'a loader thread': way('--import ./thread-loader.mjs made.mjs', { made: 2 }),
  'a loader thread given by a flag': way('--experimental-loader ./thread-hooks.mjs made.mjs', { made: 2 }),
  'a loader thread that gives CommonJS': way('--import ./thread-loader.mjs made-cjs.mjs', {
    made: 2,
    // Before 24, what such a file requires is compiled by a loader that asks nobody.
    inCjs: MAJOR < 24 ? 0 : 1,
  }),
  'a loader on this thread': way('--import ./sync-loader.mjs made.mjs', { made: 2 }, { since: 22 }),
  'a loader on this thread that comes late': {
    folder,
    args: ['--input-type=module', '-e', 'await import("./sync-loader.mjs"); await import("./made.mjs")'],
    calls: { made: 2 },
    since: 22,
  },
  'loaders of both kinds': way(
    '--import ./sync-loader.mjs --import ./thread-loader.mjs made.mjs',
    { made: 2 },
    { since: 22 },
  ),
  'a compiler in require.extensions': way('compiled-main.cjs', { up: 2 }),
  'functions called from another context': way('realm.cjs', { inMain: 9, thrower: 1 }),
  'import from a script': way('import-vm.cjs', { inEsm: 1 }),
  'node --test': way('--test test.mjs', { inEsm: 4 }),
  'node --test in one process': way('--test --test-isolation=none test.mjs', { inEsm: 4 }, { since: 24 }),
};

t.test('modules are told however they are loaded', (t) => everyWay(t, isolated, WAYS));
