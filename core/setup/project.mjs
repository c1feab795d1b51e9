/** What of the project itself is missing or out of date: npm packages, dist, build. Called by `main.mjs`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const modified = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Newest modification below some folders and files; folders count too, so that a removed file is noticed. */
function newest(top, paths, matches) {
  let latest = 0;
  const visit = (path) => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (!status) return;
    if (status.isDirectory()) {
      latest = Math.max(latest, status.mtimeMs);
      for (const name of readdirSync(path)) visit(join(path, name));
    } else if (matches.test(path)) latest = Math.max(latest, status.mtimeMs);
  };
  for (const path of paths) visit(join(top, path));
  return latest;
}

/**
 * Whether node_modules has other versions than package-lock.json says: by content, as times mean nothing after a checkout.
 * @returns why packages are to be installed, or undefined
 */
export function modulesNeeded(top) {
  const installed = join(top, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return 'not there yet';
  const read = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;
  const [wanted, found] = [read(join(top, 'package-lock.json')), read(installed)];
  for (const [path, { version, optional, devOptional, peer }] of Object.entries(wanted)) {
    // What is optional may rightly be missing on this machine.
    if (path === '' || (!(path in found) && (optional || devOptional || peer))) continue;
    if (found[path]?.version !== version) return `${path.replace(/^.*node_modules\//, '')} ${version} is missing`;
  }
  return undefined;
}

/** Files that say when something was last built. The times of what was built don't: equal files are left alone. */
export const TYPESCRIPT_STAMP = 'dist/.built';
export const nativeStamp = (modules = process.versions.modules) => `build/.built-${modules}`;

/** @param begun when the build began: a source saved meanwhile is newer */
export function mark(top, stamp, begun) {
  mkdirSync(dirname(join(top, stamp)), { recursive: true });
  writeFileSync(join(top, stamp), '');
  utimesSync(join(top, stamp), begun, begun);
}

function needed(top, stamp, sources, matches) {
  const built = modified(join(top, stamp));
  if (built === 0) return 'not built yet';
  return newest(top, sources, matches) > built ? 'sources are newer' : undefined;
}

/** @returns why TypeScript is to be compiled, or undefined */
export function compileNeeded(top) {
  if (!existsSync(join(top, 'dist/core/cli/main.js'))) return 'not built yet';
  return needed(top, TYPESCRIPT_STAMP, ['core', 'providers', 'test', 'tsconfig.json'], /\.c?ts$|\/tsconfig\.json$/);
}

/** @returns why the native part is to be built for a Node, this one or another, or undefined */
export function nativeNeeded(
  top,
  { modules, version } = { modules: process.versions.modules, version: process.versions.node },
) {
  for (const name of ['libpolyprobe.so', `polyprobe_node.${modules}.node`])
    if (!existsSync(join(top, 'build/Release', name))) return `not built yet for Node.js ${version}`;
  const sources = [
    'native',
    'providers/node/addon',
    'providers/node/CMakeLists.txt',
    'CMakeLists.txt',
    'core/setup/build-native.mjs',
  ];
  return needed(top, nativeStamp(modules), sources, /./);
}
