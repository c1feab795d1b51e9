/**
 * Which files are instrumented.
 *
 * By default the application's own: everything outside node_modules. Packages are left out because
 * there are so many of them, and because their authors didn't ask for it. Never polyprobe itself,
 * whose functions would report themselves.
 *
 * Called by: the module hooks, once per loaded module.
 */
import { posix, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { own } from '../own.cjs';

export interface SelectOptions {
  /** Directory of the application; relative patterns start here. */
  readonly root: string;
  /** Globs, or paths of files and directories, that replace the default. */
  readonly include?: readonly string[] | undefined;
  /** Globs or paths to leave out, of the default or of `include`. */
  readonly exclude?: readonly string[] | undefined;
}

type Test = (path: string) => boolean;

/** The compiled package: this file lies in providers/node/instrument of it. */
const OWN = resolve(__dirname, '../../..') + sep;

const PACKAGES = /(?:^|[\\/])node_modules[\\/]/;
const GLOB = /[*?[\]{}()!+@]/;

/** Makes the function that says whether a path, or a file: URL, is to be instrumented. */
export function selector(options: SelectOptions): Test {
  const root = resolve(options.root);
  const included = options.include?.length ? matcher(root, options.include) : isApplication(root);
  const excluded = options.exclude?.length ? matcher(root, options.exclude) : () => false;
  return (specifier) => {
    const path = toPath(specifier);
    return path !== undefined && !path.startsWith(OWN) && included(path) && !excluded(path);
  };
}

/** A program may itself be installed under node_modules: only what is below its root counts. */
function isApplication(root: string): Test {
  const inside = root.endsWith(sep) ? root : root + sep;
  return (path) => !PACKAGES.test(path.startsWith(inside) ? path.slice(inside.length) : path);
}

function toPath(specifier: string): string | undefined {
  if (specifier.startsWith('/')) return specifier;
  if (!specifier.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(specifier);
  } catch {
    return undefined;
  }
}

function matcher(root: string, patterns: readonly string[]): Test {
  const globs: string[] = [];
  const paths: string[] = [];
  for (const pattern of patterns) {
    if (!GLOB.test(pattern)) paths.push(resolve(root, pattern));
    else if (pattern.startsWith('/')) globs.push(pattern);
    else globs.push(posix.join(root.replace(/[*?[\]{}()!+@\\]/g, '\\$&'), pattern));
  }
  const byPath: Test = (path) => paths.some((one) => path === one || path.startsWith(one + sep));
  if (globs.length === 0) return byPath;

  const picomatch = own('picomatch') as typeof import('picomatch');
  const byGlob = picomatch(globs, { dot: true });
  return (path) => byPath(path) || byGlob(path);
}
