/**
 * How every command writes: answers to standard output, errors and remarks to standard error.
 *
 * Colours only on a terminal; the same aligned text, without colours or tabs, through a pipe.
 * Text from files and processes is escaped by the caller's use of `table`, `json` and `fail`.
 */
import Table from 'cli-table3';
import pc from 'picocolors';
import { escapeJson, escapeText } from '../elf/text.js';
import { CliError, toCliError } from './errors.js';

type Stream = NodeJS.WriteStream;

/** Colours for one stream: none unless it is a terminal, NO_COLOR is unset, and TERM isn't `dumb`. */
export function colours(stream: Stream = process.stdout): ReturnType<typeof pc.createColors> {
  const { NO_COLOR, TERM } = process.env;
  // picocolors' own rule also colours pipes when CI or FORCE_COLOR is set.
  // Undefined, which a pipe's is, would mean picocolors' rule again.
  const isTerminal = (stream.isTTY as boolean | undefined) === true;
  return pc.createColors(isTerminal && !NO_COLOR && TERM !== 'dumb');
}

const NO_BORDER = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/**
 * Aligned columns under a header, no borders, no trailing spaces; ends with a line feed.
 * @param rows One string or number per column; control characters are escaped here.
 */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const { bold } = colours();
  const drawn = new Table({
    chars: NO_BORDER,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    // Numbers are compared by their last digits.
    colAligns: head.map((_, column) => (isNumeric(rows, column) ? 'right' : 'left')),
  });
  drawn.push(...[head, ...rows].map((row) => row.map((cell) => escapeText(String(cell)))));
  const lines = drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
  return [bold(lines[0] ?? ''), ...lines.slice(1), ''].join('\n');
}

function isNumeric(rows: readonly (readonly (string | number)[])[], column: number): boolean {
  return rows.length > 0 && rows.every((row) => typeof row[column] === 'number');
}

/**
 * JSON with two spaces, ending with a line feed. A bigint becomes a number where that is exact,
 * otherwise a decimal string; undefined becomes null, so that every key is always there; dates
 * become ISO 8601; control characters are escaped.
 */
export function json(value: unknown): string {
  const exact = (n: bigint): number | string =>
    n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : String(n);
  const plain = (_: string, v: unknown): unknown => (typeof v === 'bigint' ? exact(v) : v === undefined ? null : v);
  const text = JSON.stringify(value, plain, 2);
  return `${escapeJson(text)}\n`;
}

/** Writes an answer. A reader that closed its end (`| head`) ends the program, quietly. */
export function print(text: string): void {
  quietPipes();
  process.stdout.write(text);
}

/** Writes a remark, one line, to standard error. */
export function remark(text: string): void {
  quietPipes();
  process.stderr.write(`polyprobe: ${escapeText(text)}\n`);
}

let quiet = false;

/** From now on EPIPE on either stream ends the program without a word instead of a stack trace. */
export function quietPipes(): void {
  if (quiet) return;
  quiet = true;
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
      // A full disk: standard error may be on the same one, so nothing more is said.
      process.exit(1);
    });
  }
}

/**
 * Ends a command.
 * @param code For programs; a person reads the rest.
 * @param exitCode See errors.ts.
 * @throws CliError always
 */
export function fail(code: string, what: string, expected: string, todo: string, exitCode: number): never {
  throw new CliError(code, escapeText(what), escapeText(expected), escapeText(todo), exitCode);
}

/** An error as a person reads it. */
export function errorText(error: CliError): string {
  const { red } = colours(process.stderr);
  return `${red('polyprobe:')} ${error.what}\n  expected: ${error.expected}\n  to do: ${error.todo}\n`;
}

/** Prints whatever was thrown and sets the exit status. The last resort of main. */
export function reportError(thrown: unknown): void {
  quietPipes();
  const error = toCliError(thrown);
  process.stderr.write(errorText(error));
  if (process.env['POLYPROBE_DEBUG'] && error.cause instanceof Error) {
    process.stderr.write(`${escapeText(error.cause.stack ?? '').replaceAll('\\n', '\n')}\n`);
  }
  process.exitCode = error.exitCode;
}

/** Wraps a command's action for commander, so that what it throws is reported the one way. */
export function action<A extends unknown[]>(run: (...args: A) => void | Promise<void>): (...args: A) => Promise<void> {
  return async (...args) => {
    try {
      await run(...args);
    } catch (error) {
      reportError(error);
    }
  };
}
