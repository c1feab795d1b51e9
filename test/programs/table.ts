/** Large real programs, and small ones around large libraries: a few lines each. `compare.ts` says what the fields mean. */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE } from '../../core/paths.js';
import type { Program } from './compare.js';

const text = (path: string): string => readFileSync(join(PACKAGE, path), 'utf8');

/** npm's program, wherever it is installed. */
const NPM = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim());
const npm = (...args: string[]): string[] => [NPM, '--offline', '--no-update-notifier', '--logs-max=0', ...args];
const NPM_FILES = {
  'package.json': JSON.stringify({
    name: 'a-package',
    version: '1.2.3',
    description: 'for npm',
    bin: { 'a-command': 'bin.js' },
    scripts: { hello: 'node bin.js hello', fails: 'exit 3', prehello: 'node bin.js before' },
    dependencies: { inner: '^1.0.0', missing: '^2.0.0' },
  }),
  'bin.js':
    '#!/usr/bin/env node\nconst say = (word) => console.log(word, process.env.npm_lifecycle_event);\nsay(process.argv[2]);\n',
  'README.md': '# A package\n',
  'node_modules/inner/package.json': JSON.stringify({ name: 'inner', version: '1.0.4', bin: 'run.js' }),
  'node_modules/.bin/inner': '#!/usr/bin/env node\nrequire("../inner/run.js");\n',
  'node_modules/inner/run.js': '#!/usr/bin/env node\nconsole.log("inner", process.argv.slice(2));\n',
};

/** A TypeScript project: sources of ours that need no types but the language's. */
const PROJECT = ['core/abi/types.ts', 'core/abi/check.ts', 'core/abi/probes.ts'];
const project: Record<string, string> = {
  'package.json': '{"type":"module"}',
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      ...{ target: 'es2022', lib: ['es2022'], module: 'nodenext', strict: true, outDir: 'out', types: [] },
      ...{ declaration: true, sourceMap: true, noUncheckedIndexedAccess: true },
    },
  }),
  ...Object.fromEntries(PROJECT.map((path) => [`src/${path.slice(5)}`, text(path)])),
};
const TSC = 'node_modules/typescript/bin/tsc';

const ESLINT = ['node_modules/eslint/bin/eslint.js', '--no-color', '--format', 'json'];
/** typescript-eslint's parser and rules, without types, which would make it another run of the compiler. */
const eslintFiles = (code: string, hasTypes = true): Record<string, string> => ({
  'eslint.config.mjs': [
    `import eslint from ${JSON.stringify(join(PACKAGE, 'node_modules/@eslint/js/src/index.js'))};`,
    hasTypes &&
      `import tseslint from ${JSON.stringify(join(PACKAGE, 'node_modules/typescript-eslint/dist/index.js'))};`,
    `export default [eslint.configs.recommended, ${hasTypes ? "...tseslint.configs.strict, { files: ['**/*.ts'] }" : ''}];`,
  ]
    .filter(Boolean)
    .join('\n'),
  'own.js': code,
  ...(hasTypes && {
    'typed.ts':
      'export const typed = <T,>(value: T): T[] => [value];\nexport interface Shape {\n  readonly size: number;\n}\n',
  }),
});

const bundleFiles = {
  'main.js': `import { marked } from ${JSON.stringify(join(PACKAGE, 'node_modules/marked/lib/marked.esm.js'))};
import chunk from ${JSON.stringify(join(PACKAGE, 'node_modules/lodash/chunk.js'))};
import merge from ${JSON.stringify(join(PACKAGE, 'node_modules/lodash/merge.js'))};
export const shown = chunk(marked.lexer('# a').map((token) => merge({}, token)), 2);
`,
  'webpack.config.cjs': `module.exports = {
  mode: 'production', entry: './main.js', devtool: 'source-map', stats: 'errors-only',
  output: { path: __dirname + '/out', library: { type: 'commonjs2' } }, optimization: { minimize: process.env.MINIMIZE === '1' },
  plugins: [(compiler) => compiler.hooks.done.tap('say', (stats) => console.log('bundled', stats.compilation.modules.size))],
};
`,
};

/** Compilers, linters, bundlers, and npm. */
export const TOOLS: Record<string, Program> = {
  tsc: { args: [TSC, '--listEmittedFiles'], says: 'TSFILE', calls: 1e6, files: project, writes: 'out' },
  eslint: {
    args: [...ESLINT, '.'],
    says: '"errorCount":0',
    calls: 1e5,
    files: eslintFiles('export const fine = (a) => a + 1;\n'),
  },
  prettier: {
    args: ['node_modules/prettier/bin/prettier.cjs', 'page.md', 'check.ts', 'data.json'],
    says: 'export function',
    calls: 1e5,
    files: {
      'page.md': text('CONTRIBUTING.md'),
      'check.ts': text('core/abi/check.ts'),
      'data.json': '{"a":[1,2,{"b":null}]}',
    },
  },
  webpack: {
    args: ['-e', "require('webpack')(require('./webpack.config.cjs'), (error) => error && console.error(error))"],
    says: 'bundled',
    calls: 1e5,
    files: bundleFiles,
    writes: 'out',
    env: { NODE_PATH: join(PACKAGE, 'node_modules') },
  },
  rollup: {
    args: [
      'node_modules/rollup/dist/bin/rollup',
      'marked.js',
      '--format',
      'umd',
      '--name',
      'bundle',
      '--sourcemap',
      '--silent',
      '--dir',
      'out',
    ],
    says: /^/,
    calls: 1e4,
    files: { 'marked.js': text('node_modules/marked/lib/marked.esm.js') },
    writes: 'out',
  },
  'npm --version': { args: npm('--version'), says: /^\d+\.\d+\.\d+/, calls: 1000 },
  'npm ls': { args: npm('ls', '--all'), says: 'UNMET DEPENDENCY', ends: 1, calls: 1e3, files: NPM_FILES },
  'npm pack': { args: npm('pack', '--dry-run', '--json'), says: 'a-package-1.2.3.tgz', calls: 1e3, files: NPM_FILES },
  'npm run': { args: npm('run', 'hello'), says: 'hello hello', calls: 1e3, files: NPM_FILES },
  'npm run, which fails': { args: npm('run', 'fails'), ends: 3, says: 'a-package', calls: 1e3, files: NPM_FILES },
  'npm exec': { args: npm('exec', '--', 'inner', 'a b', '$c'), says: "'a b'", calls: 1e3, files: NPM_FILES },
  acorn: {
    args: ['node_modules/acorn/bin/acorn', '--ecma2024', 'node_modules/express/lib/application.js'],
    says: 'Program',
    calls: 1e4,
  },
  marked: { args: ['node_modules/marked/bin/marked.js', '-i', 'README.md'], says: '<h1>polyprobe</h1>', calls: 1e4 },
  tsx: { args: ['--import', 'tsx', '@typed.mts'], says: 'Square Green 9', calls: 10 },
  "Node's test runner": {
    args: ['--test', '--test-reporter=./reporter.cjs', 'one.test.cjs', 'two.test.cjs'],
    ends: 1,
    says: 'test:pass adds',
    calls: 1,
    showsTurns: true,
    files: {
      'one.test.cjs': `const { test, mock } = require('node:test');\nconst assert = require('node:assert');\ntest('adds', (t) => { const f = t.mock.fn((a, b) => a + b); assert.equal(f(1, 2), 3); assert.equal(f.mock.callCount(), 1); });\ntest('fails', () => assert.deepEqual({ a: [1, 2] }, { a: [1, 3] }));\ntest('throws', async () => { await null; throw new TypeError('thrown'); });\n`,
      'two.test.cjs': `const { describe, it, before } = require('node:test');\ndescribe('two', () => { before(() => {}); it('is', () => {}); it('skips', { skip: 'why' }, () => {}); it('calls', (t, done) => setImmediate(done)); });\n`,
      'reporter.cjs': `module.exports = async function* (events) { const lines = []; for await (const { type, data } of events) if (/pass|fail|diagnostic/.test(type) && data.name) lines.push([type, data.name, data.line, data.details?.error?.cause?.stack ?? data.details?.error?.cause ?? '', data.skip ?? ''].join(' ')); yield lines.sort().join('\\n') + '\\n'; };\n`,
    },
  },
};

/** Servers, libraries, and programs that look at themselves. */
export const LIBRARIES: Record<string, Program> = {
  express: { args: ['@express.cjs'], says: 'HTTP/1.1 201 Created', calls: 1e4 },
  fastify: { args: ['@fastify.mjs'], says: 'FST_ERR_VALIDATION', calls: 1e4 },
  'xmlrpc and undici': { args: ['@rpc.cjs'], says: 'PUTfetched', calls: 1e3 },
  'lodash, acorn, marked and fast-check': { args: ['@libraries.cjs'], says: 'Counterexample', calls: 1e4 },
  'texts of functions': { args: ['@texts.cjs'], says: 'fibonacci', calls: 30 },
  'own stack traces': { args: ['@stacks.cjs'], says: 'new Deep', calls: 100 },
  'games with require': { args: ['@games.cjs'], says: 'load mocked by games.cjs', calls: 10 },
};

const broken = {
  'tsconfig.json': '{"compilerOptions":{"lib":["es5"],"strict":true,"outDir":"out","types":[]}}',
  'broken.ts': "export const a: number = 'text';\nexport function f(b: { c: 1 }): string { return b.d; }\n",
};
const thrown = (way: string, more: Partial<Program> = {}): Program => ({
  args: ['@throws.cjs', way],
  ends: 1,
  says: /\n {4}at |value/,
  calls: 1,
  ...more,
});

/** Programs that end badly. */
export const FAILURES: Record<string, Program> = {
  'tsc with errors of types': {
    args: [TSC, '--pretty', 'false'],
    ends: 2,
    says: 'TS2322',
    calls: 1e6,
    files: broken,
    writes: 'out',
  },
  'tsc without a project': { args: [TSC, '-p', 'none'], ends: 1, says: 'TS5058', calls: 1000, files: { 'a.txt': '' } },
  'eslint with problems': {
    args: [...ESLINT, '.'],
    ends: 1,
    says: 'no-undef',
    calls: 1e4,
    files: eslintFiles('export const worse = (a) => { undefinedName(); var b = 1; if (a == 1) return; };\n', false),
  },
  'prettier --check of what is unformatted': {
    args: ['node_modules/prettier/bin/prettier.cjs', '--check', '.'],
    ends: 1,
    says: 'Code style issues',
    calls: 1e4,
    files: { 'a.js': 'f( 1,2 )', 'b.js': 'f(1, 2);\n' },
  },
  'prettier of a broken file': {
    args: ['node_modules/prettier/bin/prettier.cjs', 'a.ts'],
    ends: 2,
    says: 'SyntaxError',
    calls: 1e3,
    files: { 'a.ts': 'const a: = 1;\nclass {\n' },
  },
  'webpack with a missing module': {
    args: [
      '-e',
      "require('webpack')(require('./webpack.config.cjs'), (error, stats) => { console.log(stats.toString({ colors: false, timings: false, version: false, hash: false })); process.exitCode = 4; })",
    ],
    ends: 4,
    says: "Can't resolve './missing.js'",
    calls: 1e4,
    files: { ...bundleFiles, 'main.js': "import a from './missing.js';\nconsole.log(a, require('node:fs'));\n" },
    env: { NODE_PATH: join(PACKAGE, 'node_modules') },
  },
  'rollup of a broken file': {
    args: ['node_modules/rollup/dist/bin/rollup', 'a.js'],
    ends: 1,
    says: 'RollupError',
    calls: 500,
    files: { 'a.js': 'export const a = ;\n' },
  },
  'process.exit in the middle': { args: ['@exits.cjs'], ends: 7, says: 'exit 7', calls: 10 },
  'SIGTERM without a handler': {
    args: ['@signals.cjs'],
    ends: 'SIGTERM',
    says: 'ready',
    calls: 1e3,
    signal: 'SIGTERM',
    isKilled: true,
  },
  'SIGTERM with a handler': {
    args: ['@signals.cjs', 'handled'],
    ends: 3,
    says: 'SIGTERM true',
    calls: 1e3,
    signal: 'SIGTERM',
  },
  ...Object.fromEntries(
    [
      'library',
      'callback',
      'parser',
      'rejection',
      'emitter',
      'timer',
      'cause',
      'value',
      'again',
      'undici',
      'overflow',
    ].map((way) => [`an uncaught error: ${way}`, thrown(way, { showsTurns: way === 'rejection' || way === 'undici' })]),
  ),
  'a handled uncaught error': thrown('monitored', { ends: 0, says: 'seen handled uncaughtException' }),
};
