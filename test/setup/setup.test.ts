/** The set-up: what it finds missing, and what it says where it can't help. It installs nothing here. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { PACKAGE } from '../../core/paths.js';

interface Project {
  modulesNeeded(top: string): string | undefined;
  compileNeeded(top: string): string | undefined;
  mark(top: string, stamp: string, begun: Date): void;
  readonly TYPESCRIPT_STAMP: string;
}
interface System {
  aptCommands(names: readonly string[]): { words: string[]; retryAfter?: string[] }[];
  missingPackages(entries: readonly object[]): { name: string }[];
}

const folder = join(PACKAGE, 'core/setup');
const load = async (name: string): Promise<unknown> => import(pathToFileURL(join(folder, name)).href);
const project = (await load('project.mjs')) as Project;
const system = (await load('system.mjs')) as System;

/** Runs it as somebody who sees another machine. */
function setup(args: readonly string[], pretend = ''): { status: number | null; said: string } {
  const before = `data:text/javascript,${encodeURIComponent(pretend)}`;
  const command = ['--import', before, join(folder, 'main.mjs'), ...args];
  const { status, stderr } = spawnSync(process.execPath, command, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { status, said: stderr };
}

const platform = (name: string): string => `Object.defineProperty(process, 'platform', { value: '${name}' });`;

t.test('on another system it says what is needed', async (t) => {
  const { status, said } = setup([], platform('darwin'));
  t.equal(status, 1);
  t.match(said, /need Linux; this is darwin\n {2}to do: run it on Linux/);
});

t.test('an old Node is told so before anything else', async (t) => {
  const { status, said } = setup([], `Object.defineProperty(process.versions, 'node', { value: '18.20.0' });`);
  t.equal(status, 1);
  t.match(said, /Node\.js 20 or later is needed/);
});

t.test('an unknown word is a wrong command line', async (t) => {
  for (const args of [['--fast'], ['--for'], ['--for', 'everything']]) t.equal(setup(args).status, 2, args.join(' '));
});

t.test('without root and without a terminal it says the command to type', async (t) => {
  const { status, said } = setup(
    ['--for', 'start'],
    `process.env.PATH = '/usr/bin/nowhere'; process.geteuid = () => 1000;`,
  );
  t.equal(status, 1);
  t.match(said, /bpftrace +the tracer/);
});

t.test('packages are missing when their command is, and where the machine wants them', async (t) => {
  const other = process.arch === 'x64' ? 'arm64' : 'x64';
  const missing = system.missingPackages([
    { package: 'a', command: 'no-such-command' },
    { package: 'b', command: 'sh' },
    { package: 'c', file: '/no/such/file' },
    { package: 'd', command: 'no-such-command', machine: other },
  ]);
  t.same(
    missing.map(({ name }) => name),
    ['a', 'c'],
  );
});

t.test('packages are installed without questions, and without what they only recommend', async (t) => {
  const last = system.aptCommands(['one', 'two']).at(-1)!.words.join(' ');
  t.equal(last, 'env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends one two');
});

t.test('npm packages are needed when a version differs, not when a time does', async (t) => {
  const top = t.testdir();
  t.equal(project.modulesNeeded(top), 'not there yet');
  const lock = (packages: object): string => JSON.stringify({ packages });
  mkdirSync(join(top, 'node_modules'));
  const installed = join(top, 'node_modules/.package-lock.json');
  writeFileSync(
    join(top, 'package-lock.json'),
    lock({ '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '1.0.0', optional: true } }),
  );
  writeFileSync(installed, lock({ 'node_modules/a': { version: '1.0.0' } }));
  utimesSync(installed, new Date(0), new Date(0));
  t.equal(project.modulesNeeded(top), undefined);
  writeFileSync(installed, lock({ 'node_modules/a': { version: '0.9.0' } }));
  t.equal(project.modulesNeeded(top), 'a 1.0.0 is missing');
});

t.test('TypeScript is compiled when a source is newer than the last build began', async (t) => {
  const top = t.testdir({ core: { 'a.ts': '' }, dist: { core: { cli: { 'main.js': '' } } } });
  t.equal(project.compileNeeded(top), 'not built yet');
  project.mark(top, project.TYPESCRIPT_STAMP, new Date(Date.now() + 60_000));
  t.equal(project.compileNeeded(top), undefined);
  project.mark(top, project.TYPESCRIPT_STAMP, new Date(Date.now() - 60_000));
  t.equal(project.compileNeeded(top), 'sources are newer');
});
