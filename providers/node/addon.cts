/**
 * Finds and loads the native part, or says why it can't be.
 *
 * Owns: the order of the checks, which is from "no such platform" to "this build is broken". Called by: `index.cts`, the
 * loader thread (`esm.cts`), and the command line for `run`.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import type { HookCallbacks } from 'node:async_hooks';
import { join } from 'node:path';
import { own } from './own.cjs';
import { statusOf, type Status } from './status.cjs';

/** What the native part exports; see `addon/`. */
export interface Addon {
  /** Begins in this isolate. @returns undefined, or why not */
  start(
    runtime: string,
    program: string,
    toggle: (set: number) => void,
    isMainThread: boolean,
    globalsParent: unknown,
    nobody: object,
  ): string | undefined;
  /** What runtime__hooks tells as the program from now on. */
  setProgram(program: string): void;
  /** Takes every hook out for good. */
  stop(): void;
  /**
   * Registers functions of a file.
   * @param module the scope of those that have none
   * @param names scope, name and original file, or nothing, of each in turn, as UTF-8 with a NUL between; copied
   * @param isMapped whether there are original files
   * @returns the first number, or 0
   */
  addFunctions(file: string, module: string, names: Uint8Array, lines: Uint32Array, isMapped: boolean): number;
  /**
   * Raises numbers of six hexadecimal digits in a text.
   * @param width bytes of a character, 1 or 2
   * @param places of the numbers, in characters
   */
  raiseNumbers(text: Uint8Array, width: number, places: Uint32Array, by: number): void;
  /**
   * Puts itself around `fs.promises.readFile`. What Node's loader for ES modules reads passes `change`, which gives another text or
   * undefined; what others read doesn't.
   */
  wrapRead(
    original: (...args: unknown[]) => unknown,
    change: (url: URL, bytes: Uint8Array) => string | undefined,
  ): (...args: unknown[]) => unknown;
  /** Of bytes from an offset on, 16 hexadecimal digits. Against accidents, not against attackers. */
  checksum(bytes: Uint8Array, from: number): string;
  /** Whether any thread has registered functions of a file. */
  hasFunctions(file: string): boolean;
  /** Low half of a new request's id. */
  newId(): number;
  /** @returns whether somebody was told */
  requestStart(
    id: number,
    protocol: string,
    method: string,
    target: string,
    peer: string,
    traceparent: string,
  ): boolean;
  /** Who listens for starts isn't told of the end of what it wasn't told the start of. */
  requestDone(id: number, status: number, sentBytes: number, durationNs: number, error: string, wasTold: boolean): void;
  callStart(
    id: number,
    request: number,
    protocol: string,
    method: string,
    target: string,
    traceparent: string,
  ): boolean;
  callDone(
    id: number,
    request: number,
    status: number,
    receivedBytes: number,
    durationNs: number,
    error: string,
    wasTold: boolean,
  ): void;
  /** For createHook: what tells the native part of Node's asynchronous resources. */
  contextHooks(): HookCallbacks;
  /** Begins to follow the context, from nothing. @param shared the program has async hooks, too; may be told again */
  contextFollow(shared: boolean): void;
  /** Like queueMicrotask, but without a resource that hooks would be told of. */
  enqueueMicrotask(callback: () => void): void;
  /** Follows it no longer; may be called at any time. */
  contextLeave(): void;
  /** The present callback works for a request; so do its parser's further ones until the message has been read. */
  contextEnter(id: number, message?: object): void;
  /** The present request; like all ids here it is the low half, 0: none. */
  contextCurrent(): number;
  /** Their tracer is gone: what is still open when the process ends isn't told. */
  forgetExchanges(areCalls: boolean): void;
  loadStart(name: string, file: string): void;
  loadDone(name: string, file: string, durationNs: number, error: string): void;
  /** A value that reached the process uncaught. */
  exceptionSeen(value: unknown): void;
  /** From now on `errorPlace` knows where uncaught errors were thrown, and not only where they were made. */
  keepUncaught(): void;
  /** Where an error was thrown, without asking it anything; columns from 0, the line as it was compiled. */
  errorPlace(
    error: unknown,
  ): [script: string, line: number, start: number, end: number, text: string, hasSourceMap: boolean] | undefined;
  /** Asked where an exception's place in a file with a source map was originally; line from 1, column from 0. */
  onPlace(
    original: (file: string, isModule: boolean, line: number, column: number) => [string, number] | undefined,
  ): void;
  /** Writes to stderr where Node writes uncaught errors. */
  printError(text: string): void;
  /** A function that runs `before`, the original, `after`, and shows in no stack trace. */
  wrap<F extends (...args: never[]) => unknown, Note>(
    original: F,
    before: ((args: unknown[], self: unknown) => Note) | undefined,
    after?: (note: Note, result: unknown, thrown: unknown) => void,
  ): F;
  /** Whether a function is of the runtime's own JavaScript. */
  isBuiltin(value: unknown): boolean;
  /** A function that gives a text, as `Function.prototype.toString` does, gives it as it was written. */
  wrapText(original: () => string, marker: string, restore: (text: string) => string): () => string;
  /** Kilobytes of this thread's stack that are in use, beyond what was at the first call. */
  stackUsed(): number;
  /** Every stack trace's call sites pass through `sites` before they are formatted, with the error whose stack it is. */
  onStackTrace(sites: (sites: never[], error: unknown) => unknown[]): void;
  /** Descriptors above 2 that this process was started with, and that Node would close. To be asked first of all. */
  inherited(): number[];
  /** Replaces this process. @param descriptors to pass on, of those. @returns the errno value when it failed */
  exec(path: string, args: string[], environment: string[], descriptors: number[]): number;
}

/** Versions that are served. Node 22 before 22.15 has no module.registerHooks. */
export const SUPPORTED_NODE = '>=20.6.0 <21 || >=22.15.0 <23 || >=24.0.0';

/** Versions that certainly are: semver takes 8 ms to load, a third of our start-up, so it is asked about others only. */
const CERTAIN = /^v(20\.(1\d|2\d)|22\.(1[5-9]|[2-9]\d)|24\.\d+)\.\d+$/;

function isSupported(version: string): boolean {
  if (CERTAIN.test(version)) return true;
  const satisfies = own('semver/functions/satisfies') as typeof import('semver/functions/satisfies');
  return satisfies(version, SUPPORTED_NODE, { includePrerelease: true });
}

/** Folder of the native files, from the compiled file's place: dist/providers/node. */
export const NATIVE_FOLDER = join(__dirname, '../../../build/Release');

/** glibc's version is in the report's header; musl has none. Reading it costs a millisecond, so it is asked last. */
function usesMusl(): boolean {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } } | undefined;
  return report?.header !== undefined && report.header.glibcVersionRuntime === undefined;
}

/** Why nothing can be loaded here, before trying; undefined when it is worth trying. */
export function unsupported(): Status | undefined {
  if (process.platform !== 'linux') return statusOf('platform', process.platform);
  if (process.arch !== 'x64' && process.arch !== 'arm64') return statusOf('architecture', process.arch);
  if (!isSupported(process.version)) return statusOf('node-version', `${process.version}, expected ${SUPPORTED_NODE}`);
  return undefined;
}

/**
 * Whether a file reaches as far as its header says (section headers stand at an ELF file's end). The dynamic linker doesn't
 * ask, and a process that touches a page beyond the end is killed: a copy that broke off would kill every program.
 */
function isCutOff(path: string): boolean {
  const header = Buffer.alloc(64);
  const file = openSync(path, 'r');
  try {
    const isElf = readSync(file, header, 0, 64, 0) === 64 && header.readUInt32BE(0) === 0x7f454c46;
    const end = Number(header.readBigUInt64LE(40)) + header.readUInt16LE(58) * header.readUInt16LE(60);
    // What is no ELF file at all, the linker refuses in its own words.
    return isElf && fstatSync(file).size < end;
  } finally {
    closeSync(file);
  }
}

/** Loads the native part. @returns it, or why not. Never throws. */
export function loadAddon(): Addon | Status {
  const reason = unsupported();
  if (reason) return reason;
  const path = join(NATIVE_FOLDER, `polyprobe_node.${process.versions.modules}.node`);
  if (!existsSync(path)) return usesMusl() ? statusOf('musl') : statusOf('not-built', path);
  try {
    const cutOff = [path, join(NATIVE_FOLDER, 'libpolyprobe.so')].find((file) => existsSync(file) && isCutOff(file));
    if (cutOff !== undefined) return statusOf('load-failed', `${cutOff} is cut off`);
    return require(path) as Addon;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_DLOPEN_DISABLED' || code === 'ERR_ACCESS_DENIED') return statusOf('forbidden', String(error));
    return usesMusl() ? statusOf('musl') : statusOf('load-failed', String(error));
  }
}

/** Whether `loadAddon` gave a reason instead. */
export function isStatus(result: Addon | Status): result is Status {
  return 'active' in result;
}
