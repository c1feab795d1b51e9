/**
 * Node.js in the major versions that are served, for tests: npm has the official binaries, with headers, as packages. Into
 * `build/nodes`, not into node_modules: a package's program there would be what npm's scripts find as `node`.
 *
 * Called by `main.mjs` and by the tests' runner.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The versions that are served, by their first number; the latest of each is tested. */
export const MAJORS = ['20', '22', '24'];

const PACKAGE = `node-linux-${process.arch}`;
const folderOf = (top, major) => join(top, 'build/nodes', major);

/** @returns its program, version and NODE_MODULE_VERSION; undefined when it isn't there yet */
export function installedNode(top, major) {
  const folder = join(folderOf(top, major), 'node_modules', PACKAGE);
  const header = join(folder, 'include/node/node_version.h');
  const path = join(folder, 'bin/node');
  if (!existsSync(path) || !existsSync(header)) return undefined;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  // Said by the headers as well as by the program, which would have to be started.
  const modules = /^#define NODE_MODULE_VERSION (\d+)$/m.exec(readFileSync(header, 'utf8'))?.[1];
  return modules === undefined ? undefined : { path, version, modules };
}

/** The arguments for npm that install it. */
export function nodeInstall(top, major) {
  const folder = folderOf(top, major);
  mkdirSync(folder, { recursive: true });
  // Without one, npm takes the project's own.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  const flags = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--silent'];
  return ['install', '--prefix', folder, ...flags, `${PACKAGE}@${major}`];
}
