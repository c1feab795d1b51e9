/**
 * The two typed errors of this room. They own the code and the sentence; how a code becomes an
 * exit status and an advice is the business of core/cli/errors.ts.
 */

/**
 * - `not-found`: no file of that name.
 * - `no-permission`: the file exists, and we may not open it.
 * - `unreadable`: a directory, a device, or an input/output error.
 * - `not-elf`: the first four bytes aren't ELF's.
 * - `truncated`: a header points behind the end of the file.
 * - `corrupt`: a header contradicts itself or the format.
 * - `unsupported`: well-formed, but a kind of ELF file that has no probe sites (`.o`, core dump).
 * - `too-large`: a table or a string is longer than any real file's; it isn't read.
 */
export type ElfErrorCode =
  'not-found' | 'no-permission' | 'unreadable' | 'not-elf' | 'truncated' | 'corrupt' | 'unsupported' | 'too-large';

/** A file can't be read as ELF. `message` names the file, what was expected, and what was found. */
export class ElfError extends Error {
  override readonly name = 'ElfError';
  /** @param file As given by the caller; may hold control characters, so escape it for display. */
  constructor(
    readonly code: ElfErrorCode,
    readonly file: string,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${detail}`, options);
  }
}

/**
 * - `gone`: there is no such process, or it ended (or another took its number) while we read.
 * - `no-permission`: it belongs to somebody else.
 * - `unavailable`: this system has no Linux /proc.
 */
export type ProcessErrorCode = 'gone' | 'no-permission' | 'unavailable';

/** A process can't be read. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError';
  constructor(
    readonly code: ProcessErrorCode,
    readonly pid: number,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`process ${pid}: ${detail}`, options);
  }
}

/** The errno of a failed system call (`ENOENT`), or undefined for any other thing thrown. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns what the file system threw into an ElfError; gives back an ElfError unchanged. */
export function elfErrorFrom(error: unknown, file: string): ElfError {
  if (error instanceof ElfError) return error;
  const errno = errnoOf(error);
  const cause = { cause: error };
  switch (errno) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new ElfError('not-found', file, 'expected a file, found none of that name', cause);
    case 'EACCES':
    case 'EPERM':
      return new ElfError('no-permission', file, 'expected a readable file, may not open it', cause);
    default:
      return new ElfError('unreadable', file, `expected a readable file, got ${errno ?? String(error)}`, cause);
  }
}

/**
 * Turns what /proc threw into a ProcessError; gives back a ProcessError unchanged.
 *
 * A process that ends while it is read shows as ENOENT (its directory is gone), ESRCH (the
 * directory is still open, the process is not there), or EIO (its memory was given back).
 */
export function processErrorFrom(error: unknown, pid: number): ProcessError {
  if (error instanceof ProcessError) return error;
  const cause = { cause: error };
  switch (errnoOf(error)) {
    case 'EACCES':
    case 'EPERM':
      return new ProcessError('no-permission', pid, 'expected a process that we may look at', cause);
    default:
      return new ProcessError('gone', pid, 'expected a running process, found none', cause);
  }
}
