/**
 * names: from what the instrumenter found to numbers that events carry.
 *
 * Owns: how a module is called. The table itself is the native part's, one for the process. Called by: `source.cts`.
 */
import { basename, extname, relative, sep } from 'node:path';
import type { Addon } from './addon.cjs';
import type { Prepared } from './instrument/entry.cjs';

/**
 * A module's name: a package's file as it would be required (`express/lib/router/index`), an application's file by its
 * path from the root (`src/server`).
 */
export function moduleName(file: string, root: string): string {
  const bare = file.slice(0, file.length - extname(file).length);
  const marker = `${sep}node_modules${sep}`;
  const at = bare.lastIndexOf(marker);
  if (at >= 0) return bare.slice(at + marker.length);
  const path = relative(root, bare);
  return path === '' || path.startsWith('..') ? basename(bare) : path;
}

/** Registers a file's functions. @returns the number of the first, or 0 when no numbers are left */
export function register(addon: Addon, file: string, root: string, functions: Prepared): number {
  const { lines, names, isMapped } = functions;
  return addon.addFunctions(file, moduleName(file, root), names, lines, isMapped);
}
