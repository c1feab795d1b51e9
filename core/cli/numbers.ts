/** Numbers on the command line, for every command: one rule for each kind, and one way to say that it isn't kept. */
import { InvalidArgumentError } from 'commander';
import { cliError } from './errors.js';

/* The kernel's own limit of pid_max. */
const MAX_PID = 4_194_304;
const PID = `a process number, 1 to ${MAX_PID}`;

const isPid = (text: string): boolean => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_PID;

/** @throws CliError `usage`. @param or what else could stand there */
export function processNumber(text: string, or = ''): number {
  if (!isPid(text)) throw cliError('usage', { detail: `'${text}' is no process number`, expected: PID + or });
  return Number(text);
}

/** For `-p`. */
export function parsePid(text: string): number {
  if (!isPid(text)) throw new InvalidArgumentError(`Expected ${PID}.`);
  return Number(text);
}

/** For `-p`, where it may be repeated. */
export function parsePids(text: string, before: number[] | undefined): number[] {
  return [...(before ?? []), parsePid(text)];
}

/** For `--seconds`. */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0 || seconds > 86_400 * 7) {
    throw new InvalidArgumentError('Expected seconds: a number above 0, a week at most.');
  }
  return seconds;
}

/** For `--top` and `--keys`. */
export const parseCount =
  (most: number) =>
  (text: string): number => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most) {
      throw new InvalidArgumentError(`Expected a whole number, 1 to ${most}.`);
    }
    return count;
  };
