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
import { fs, own } from '../own.cjs';

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
/**
 * Makes the function that says whether a path, or a file: URL, is to be instrumented.
 * @param onMatch told of each pattern when it first matches a file
 */
export function selector(options: SelectOptions, onMatch: (pattern: string) => void = () => undefined): Test {
  const root = resolve(options.root);
  const included = options.include?.length ? matcher(root, options.include, onMatch) : isApplication(root);
  const excluded = options.exclude?.length ? matcher(root, options.exclude, onMatch) : () => false;
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

function matcher(root: string, patterns: readonly string[], onMatch: (pattern: string) => void): Test {
  const matchers = patterns.map((pattern) => ({ pattern, test: matcherOf(root, pattern), isKnown: false }));
  return (path) => {
    let matches = false;
    for (const matcher of matchers) {
      if ((matches && matcher.isKnown) || !matcher.test(path)) continue;
      matches = true;
      if (matcher.isKnown) continue;
      matcher.isKnown = true;
      onMatch(matcher.pattern);
    }
    return matches;
  };
}

function matcherOf(root: string, pattern: string): Test {
  const place = resolve(root, pattern.replace(/\\(?=:)/g, ''));
  // What is there is meant as it is: node_modules/@scope/name, and folders whose names have brackets.
  if (!isGlob(pattern) || fs.existsSync(place)) {
    const inside = place.endsWith(sep) ? place : place + sep;
    return (path) => path === place || path.startsWith(inside);
  }
  const glob = pattern.startsWith('/') ? pattern : posix.join(root.replace(/[*?[\]{}()!+@\\]/g, '\\$&'), pattern);
  try {
    return picomatch()(glob, { dot: true });
  } catch {
    // The command line says what is wrong with it (problemOf); here it matches nothing.
    return () => false;
  }
}

const picomatch = (): typeof import('picomatch') => own('picomatch') as typeof import('picomatch');

function isGlob(pattern: string): boolean {
  return /[*?[\]{}]|[!@+]\(|\([^)]*\|/.test(pattern);
}

/** What is wrong with a glob or path; undefined for nothing. */
export function problemOf(pattern: string): string | undefined {
  if (pattern === '') return 'it is empty';
  if (pattern.includes('\0')) return 'it has a NUL character';
  if (pattern.startsWith('!')) return "what is to be left alone is given by --exclude, not by '!'";
  if (!isGlob(pattern)) return undefined;
  try {
    picomatch()(pattern, { dot: true, strictBrackets: true });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Missing/, 'missing') : String(error);
  }
}
