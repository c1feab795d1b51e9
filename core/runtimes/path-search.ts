/** Programs in PATH. */
import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const folders = (env: NodeJS.ProcessEnv): string[] =>
  (env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter).map((folder) => folder || '.');

/** Whether a file is there and may be executed. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Not there, or in a folder that we may not enter: a shell goes on as well.
    return false;
  }
}

/** Every program in PATH whose name matches, in PATH's order. */
export function findInPath(name: RegExp, env: NodeJS.ProcessEnv = process.env): string[] {
  const found: string[] = [];
  for (const folder of folders(env)) {
    try {
      for (const entry of readdirSync(folder))
        if (name.test(entry) && isExecutable(join(folder, entry))) found.push(join(folder, entry));
    } catch {
      // PATH may name folders that don't exist.
    }
  }
  return found;
}

/**
 * A command as a shell finds it.
 * @returns its path; 'not-found' or 'not-executable' otherwise
 */
export function which(
  command: string,
  env: NodeJS.ProcessEnv = process.env,
): { path: string } | 'not-found' | 'not-executable' {
  const candidates = command.includes('/') ? [command] : folders(env).map((folder) => join(folder, command));
  let there = false;
  for (const path of candidates) {
    if (isExecutable(path)) return { path };
    // A folder that was named by its path is there, as a shell says too; one found in PATH is passed over.
    there ||= command.includes('/') ? existsSync(path) : isFile(path);
  }
  return there ? 'not-executable' : 'not-found';
}
