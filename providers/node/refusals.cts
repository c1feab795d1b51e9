/**
 * refusals: what was chosen and couldn't be instrumented, and why. It runs as it is, its functions don't fire.
 *
 * Owns: the list that `refused()` returns, what is said of each reason, and the report, a file that the operator asks for by
 * POLYPROBE_REPORT: one JSON object a line, appended as it happens, by every process and thread. Called by: `source.cts`,
 * `provider.cts`. Nothing of it is ever written elsewhere: not to the program's streams.
 */
import { isAbsolute } from 'node:path';
import { receiveMessageOnPort, threadId, type MessagePort } from 'node:worker_threads';
import { fs } from './own.cjs';
import type { Options } from './options.cjs';
import type { Status } from './status.cjs';

/** A file, or a function in it, that runs as it is. */
export interface Refused {
  readonly file: string;
  /** The function, if only that was left alone; '' for the whole file. */
  readonly function: string;
  /** Of the function; 0 for the whole file. */
  readonly line: number;
  readonly reason: string;
  readonly message: string;
  /** What to do about it; '' for nothing. */
  readonly todo: string;
}

/** What to do, by reason; for functions also what is the case. */
const TODO: Record<string, string> = {
  syntax: 'if Node.js runs the file all the same, report it',
  marker: "rename what begins with '__pp_' in the file",
  size: 'trace the files that it was made of instead of the bundle, or split it',
  internal: 'report it, with the file',
  numbers: 'instrument fewer files: polyprobe run --include',
  frozen: 'attach the tracer before the program freezes its global object, or leave that out',
  stack: 'load the file earlier',
};
const FUNCTION_MESSAGES: Record<string, string> = {
  with: "contains 'with', in which names may mean anything",
  'use asm': 'is asm.js, which the engine takes as a whole or not at all',
  'await using': "has an 'await using' declaration, which suspends where nothing can be inserted",
};

/** A file that runs as it is. */
export function refusedFile(file: string, reason: string, message: string): Refused {
  return { file, function: '', line: 0, reason, message, todo: TODO[reason] ?? '' };
}

/** A function that runs as it is, in a file that is instrumented. */
export function refusedFunction(file: string, name: string, line: number, reason: string): Refused {
  const message = FUNCTION_MESSAGES[reason] ?? `contains '${reason}'`;
  return { file, function: name, line, reason, message, todo: 'write the function in another way to trace it' };
}

/** Lines of the report, of one isolate. Nothing that goes wrong with it reaches the program. */
export class Report {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** The report that the operator has asked for, if any. */
  static of({ report }: Options): Report | undefined {
    return report !== undefined && isAbsolute(report) ? new Report(report) : undefined;
  }

  /** Adds a line, in one write, so that lines of several processes don't mix. */
  tell(kind: string, entry: object): void {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK } = fs.constants;
    try {
      const file = fs.openSync(this.#path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
      try {
        fs.writeSync(file, `${JSON.stringify({ pid: process.pid, thread: threadId, kind, ...entry })}\n`);
      } finally {
        fs.closeSync(file);
      }
    } catch {
      // A full disk, a folder that is gone: the program runs on.
    }
  }

  /** The patterns that some thread of this process has said to match. */
  matched(): Set<unknown> {
    const found = new Set<unknown>();
    try {
      for (const line of fs.readText(this.#path).split('\n')) {
        if (!line.startsWith(`{"pid":${process.pid},`)) continue;
        const { kind, pattern } = JSON.parse(line) as { kind?: unknown; pattern?: unknown };
        if (kind === 'matched') found.add(pattern);
      }
    } catch {
      // Somebody else writes there as well, or it can't be read.
    }
    return found;
  }
}

/** The list of one isolate. */
export class Refusals {
  readonly #report: Report | undefined;
  readonly #list: Refused[] = [];
  /** A file may be loaded over and over. */
  readonly #known = new Set<string>();
  /** From loader threads of Node's, which meet ES modules. */
  readonly #ports: MessagePort[] = [];
  /** Whom to tell instead of keeping a list: on a loader thread, the thread that runs the program. */
  teller: MessagePort | undefined;

  constructor(report: Report | undefined) {
    this.#report = report;
  }

  add(refused: Refused): void {
    if (!this.#isNew(refused)) return;
    this.#report?.tell('refused', refused);
    if (this.teller) this.teller.postMessage(refused);
    else this.#list.push(refused);
  }

  /** Another thread will tell of what it can't instrument. */
  hear(port: MessagePort): void {
    port.unref();
    this.#ports.push(port);
  }

  /** All of this isolate, and of the threads that load for it. */
  all(): readonly Refused[] {
    for (const port of this.#ports)
      for (let told = receiveMessageOnPort(port); told; told = receiveMessageOnPort(port)) {
        const refused = told.message as Refused;
        if (this.#isNew(refused)) this.#list.push(refused);
      }
    return this.#list;
  }

  #isNew({ file, line, reason, function: name }: Refused): boolean {
    const key = [file, line, name, reason].join('\0');
    if (this.#known.has(key)) return false;
    this.#known.add(key);
    return true;
  }
}

/** What the report begins with for each isolate: whether anything can be traced in it. */
export function reportStart(report: Report | undefined, program: string, status: Status): void {
  report?.tell('start', { program, ...status });
}
