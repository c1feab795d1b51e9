/**
 * The one table of what can go wrong for a person at the command line: what happened, what was
 * expected instead, what to do, and the exit status. Rooms below throw typed errors of their own;
 * they are looked up here by `room/code`. Add a line for every new code.
 *
 * Exit statuses: 0 also for an empty answer; 1 for what was looked for and not found, and all else
 * that failed; 2 for a command line that we don't understand; 77 (EX_NOPERM of sysexits.h) when
 * the same command would work with more permission, so that a script can tell.
 */
import { ElfError, ProcessError } from '../elf/errors.js';
import { escapeText } from '../elf/text.js';

export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
export const EXIT_NO_PERMISSION = 77;
/** As shells say it of a command: it can't be found, it can't be run. */
export const EXIT_NOT_FOUND = 127;
export const EXIT_NOT_EXECUTABLE = 126;

/** One line of the table. `{word}` is replaced by the value of that name. */
export interface ErrorEntry {
  readonly what: string;
  readonly expected: string;
  readonly todo: string;
  readonly exit: number;
}

const notElf = 'check the path, or give the program or library itself, not a script that starts it';
const damaged = 'copy or install the file again';

/** Every error that a command can end with. */
export const ERRORS = {
  usage: {
    what: '{detail}',
    expected: '{expected}',
    todo: 'see polyprobe {command}--help',
    exit: EXIT_USAGE,
  },
  unexpected: {
    what: '{detail}',
    expected: 'no error that this program does not know',
    todo: 'report it with the command that you ran; POLYPROBE_DEBUG=1 prints where it happened',
    exit: EXIT_FAILED,
  },
  'elf/not-found': {
    what: 'cannot find {file}',
    expected: '{detail}',
    todo: 'check the path; a file whose name is a number is given as ./123',
    exit: EXIT_FAILED,
  },
  'elf/no-permission': {
    what: 'cannot open {file}',
    expected: '{detail}',
    todo: 'run as root, or as the owner of the file',
    exit: EXIT_NO_PERMISSION,
  },
  'elf/unreadable': {
    what: 'cannot read {file}',
    expected: '{detail}',
    todo: 'give a program or library',
    exit: EXIT_FAILED,
  },
  'elf/not-elf': { what: '{file} is not a program', expected: '{detail}', todo: notElf, exit: EXIT_FAILED },
  'elf/truncated': { what: '{file} is cut off', expected: '{detail}', todo: damaged, exit: EXIT_FAILED },
  'elf/corrupt': { what: '{file} is damaged', expected: '{detail}', todo: damaged, exit: EXIT_FAILED },
  'elf/unsupported': {
    what: '{file} has no probe sites yet',
    expected: '{detail}',
    todo: 'give the program or library that it is linked into',
    exit: EXIT_FAILED,
  },
  'elf/too-large': { what: '{file} is out of bounds', expected: '{detail}', todo: damaged, exit: EXIT_FAILED },
  'process/gone': {
    what: 'there is no process {pid}',
    expected: '{detail}',
    todo: 'see polyprobe ps for the processes that can be traced',
    exit: EXIT_FAILED,
  },
  'process/no-permission': {
    what: 'may not look into process {pid}',
    expected: '{detail}',
    todo: 'run as root, or as the user who owns the process',
    exit: EXIT_NO_PERMISSION,
  },
  'process/unavailable': {
    what: 'cannot see processes here',
    expected: '{detail}',
    todo: 'run on Linux with /proc mounted',
    exit: EXIT_FAILED,
  },
  'run/not-found': {
    what: '{command}: command not found',
    expected: 'a program in PATH, or its path',
    todo: 'check the spelling; everything after -- is the command',
    exit: EXIT_NOT_FOUND,
  },
  'run/not-executable': {
    what: '{command}: not executable',
    expected: 'a file that may be executed',
    todo: 'chmod +x it, or name its interpreter: polyprobe run -- node FILE',
    exit: EXIT_NOT_EXECUTABLE,
  },
  'run/failed': {
    what: '{command}: could not be started ({detail})',
    expected: 'a program for this machine',
    todo: 'run it without polyprobe: the message should be the same',
    exit: EXIT_NOT_EXECUTABLE,
  },
  'run/bad-glob': {
    what: "'{glob}' is no glob: {problem}",
    expected: 'a path, or a glob like src/**/*.js; a bracket that is meant as such has a backslash before it',
    todo: 'correct it; quote it, so that the shell leaves it alone',
    exit: EXIT_USAGE,
  },
  'build/nothing': {
    what: 'nothing to build for',
    expected: 'an interpreter: {flags}',
    todo: 'see polyprobe check for those that need it',
    exit: EXIT_USAGE,
  },
  'build/unsupported': {
    what: 'nothing can be built for {path}',
    expected: '{detail}',
    todo: '{todo}',
    exit: EXIT_FAILED,
  },
  'build/no-permission': {
    what: 'may not write into {folder}',
    expected: 'to be run by who installed polyprobe',
    todo: 'run the same command as the owner of that folder',
    exit: EXIT_NO_PERMISSION,
  },
  'build/failed': {
    what: 'the native part for {path} could not be built',
    expected: 'cmake, g++ and make, and the headers beside the interpreter',
    todo: 'see the messages above; apt-get install cmake g++ make',
    exit: EXIT_FAILED,
  },
  'lib/not-built': {
    what: 'the library is not built',
    expected: '{path}',
    todo: 'apt-get install cmake g++ make, then: npm rebuild polyprobe (in a clone: npm run setup)',
    exit: EXIT_FAILED,
  },
  'probes/unknown': {
    what: "there is no probe '{probe}'",
    expected: 'one of {probes}',
    todo: 'see polyprobe probes',
    exit: EXIT_USAGE,
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** A command ends here; main prints it and exits with its status. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly code: string,
    readonly what: string,
    readonly expected: string,
    readonly todo: string,
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(what, options);
  }
}

/** A table entry with its words filled in; values are escaped, as they may come from a hostile file. */
export function cliError(
  code: ErrorCode,
  values: Readonly<Record<string, string | number>>,
  options?: ErrorOptions,
): CliError {
  const entry: ErrorEntry = ERRORS[code];
  // Which command it was is not always known.
  const all: Readonly<Record<string, string | number>> = { command: '', ...values };
  const fill = (text: string): string =>
    text.replace(/\{(\w+)\}/g, (whole, word: string) => escapeText(String(all[word] ?? whole)));
  return new CliError(code, fill(entry.what), fill(entry.expected), fill(entry.todo), entry.exit, options);
}

/** Looks up whatever a room below threw. */
export function toCliError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  const cause = { cause: error };
  // Their details read "expected this, found that"; the first word stands in the frame already.
  const bare = (detail: string): string => detail.replace(/^expected /, '');
  if (error instanceof ElfError) {
    return cliError(`elf/${error.code}`, { file: error.file, detail: bare(error.detail) }, cause);
  }
  if (error instanceof ProcessError) {
    return cliError(`process/${error.code}`, { pid: error.pid, detail: bare(error.detail) }, cause);
  }
  return cliError('unexpected', { detail: error instanceof Error ? error.message : String(error) }, cause);
}
