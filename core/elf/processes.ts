/**
 * Every process on the host that has mapped our library, and what a person needs to tell one from
 * another. Knows no language: who the interpreter is and what program it runs is asked of the
 * function that the caller hands in (core/runtimes).
 */
import { readdirSync } from 'node:fs';
import { ProcessError } from './errors.js';
import { readIdentity } from './identity.js';
import { mappedFiles, type MappedFile } from './maps.js';
import { probesOfProcess, type ProbeCache, type ProcessFile } from './process.js';
import { processArguments, processContainer, processLink, requireLive, startTime, userNames } from './proc.js';
import { escapeText } from './text.js';

/** What a recogniser is shown. */
export interface Recognisable {
  /** Path of the program's file, as seen inside the process; '' if we may not know. */
  readonly exe: string;
  readonly argv: string[];
  /** Paths of the files mapped executable. */
  readonly maps: string[];
}

/** What a recogniser answers. */
export interface Recognised {
  readonly runtime: string;
  readonly version?: string;
  /** The script or application that the interpreter runs. */
  readonly program: string;
}

/** Says which interpreter a process is; undefined if none that it knows. */
export type Recognise = (process: Recognisable) => Recognised | undefined;

/** One copy of the library in one process. */
export interface LibraryCopy {
  /** As seen inside the process. */
  readonly path: string;
  /** A path that opens it from outside while the process lives; undefined if `error` is set. */
  readonly hostPath: string | undefined;
  /** `fe:00`, hexadecimal. Together with the inode it names the file to which probes are attached. */
  readonly device: string;
  readonly inode: bigint;
  readonly deleted: boolean;
  readonly buildId: string | undefined;
  /** Probes armed now, `provider:name`. Undefined if we may not read the process's memory. */
  readonly armed: readonly string[] | undefined;
  /** Why the copy couldn't be read. */
  readonly error: string | undefined;
}

/** A process that could be traced. */
export interface TraceableProcess {
  readonly pid: number;
  readonly ppid: number;
  /** Effective user. */
  readonly uid: number;
  /** Its name on the host, or the number. */
  readonly user: string;
  /** Joined by spaces, control characters escaped: for display only. */
  readonly commandLine: string;
  readonly argv: readonly string[];
  readonly exe: string | undefined;
  readonly cwd: string | undefined;
  readonly started: Date | undefined;
  /** See processContainer. */
  readonly container: string | undefined;
  /** As the process says it of itself (identity.ts), otherwise as the recogniser does; so too the next two. */
  readonly runtime: string | undefined;
  readonly version: string | undefined;
  readonly program: string | undefined;
  readonly copies: readonly LibraryCopy[];
  /** The copies' armed probes together; undefined if unknown for any of them. */
  readonly armed: readonly string[] | undefined;
}

/** What listProcesses found. */
export interface ProcessList {
  /** By pid. */
  readonly processes: readonly TraceableProcess[];
  /** How many processes we might not look into: any of them could map the library too. */
  readonly unreadable: number;
}

/** Options of listProcesses. */
export interface ProcessListOptions {
  readonly recognise?: Recognise;
  /** Where /proc is mounted. */
  readonly proc?: string;
}

/** `libpolyprobe.so`, `libpolyprobe.so.1`, also as a memfd of that name. */
const LIBRARY = /[/:]libpolyprobe\.so[^/]*$/;

/** Whether a mapped file is a copy of our library, by its name. */
export const isLibrary = (file: Pick<MappedFile, 'path'>): boolean => LIBRARY.test(file.path);

/**
 * Looks at every process there is. Those that end meanwhile are left out.
 * @throws ProcessError `unavailable` when there is no /proc
 */
export function listProcesses(options: ProcessListOptions = {}): ProcessList {
  const proc = options.proc ?? '/proc';
  const context: Context = {
    proc,
    recognise: options.recognise,
    cache: new Map(),
    users: userNames(),
  };
  const processes: TraceableProcess[] = [];
  let unreadable = 0;
  for (const pid of pids(proc)) {
    try {
      const found = describeProcess(pid, context);
      if (found) processes.push(found);
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      if (error.code === 'no-permission') unreadable++;
    }
  }
  return { processes, unreadable };
}

interface Context {
  readonly proc: string;
  readonly recognise: Recognise | undefined;
  readonly cache: ProbeCache;
  readonly users: ReadonlyMap<number, string>;
}

function pids(proc: string): number[] {
  try {
    return readdirSync(proc)
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  } catch (error) {
    throw new ProcessError('unavailable', 0, `expected a Linux ${proc}, found none`, {
      cause: error,
    });
  }
}

function describeProcess(pid: number, context: Context): TraceableProcess | undefined {
  const { proc, cache, users } = context;
  const files = mappedFiles(pid, proc);
  if (!files.some(isLibrary)) return undefined;
  const status = requireLive(pid, proc);
  const libraries = probesOfProcess(pid, { only: isLibrary, cache, proc }).files;
  const copies = libraries.map(describeCopy);
  const argv = processArguments(pid, proc);
  const exe = processLink(pid, 'exe', proc);
  const known = context.recognise?.({
    exe: exe?.replace(/ \(deleted\)$/, '') ?? '',
    argv: [...argv],
    maps: files.map((file) => file.path),
  });
  // A copy that was mapped for its symbols alone says nothing: the first that speaks is the provider's.
  const own = libraries.map((file) => readIdentity(pid, file, proc)).find((identity) => identity?.runtime);
  const found: TraceableProcess = {
    pid,
    ppid: status.ppid,
    uid: status.uid,
    user: users.get(status.uid) ?? String(status.uid),
    commandLine: escapeText(argv.join(' ')),
    argv,
    exe,
    cwd: processLink(pid, 'cwd', proc),
    started: startTime(status.startTicks, proc),
    container: processContainer(pid, proc),
    runtime: own?.runtime ?? known?.runtime,
    version: (own?.version || undefined) ?? known?.version,
    program: (own?.program || undefined) ?? known?.program,
    copies,
    armed: copies.some((copy) => copy.armed === undefined)
      ? undefined
      : [...new Set(copies.flatMap((copy) => copy.armed ?? []))].sort(),
  };
  // It may have ended while we read, and its number gone to another: then nothing of this holds.
  if (requireLive(pid, proc).startTicks !== status.startTicks) {
    throw new ProcessError('gone', pid, 'expected one running process, but it ended and another took its number');
  }
  return found;
}

function describeCopy(file: ProcessFile): LibraryCopy {
  const { path, hostPath, device, inode, deleted, buildId, probes } = file;
  const unknown = file.error !== undefined || probes.some((probe) => probe.armed === undefined);
  const armed = probes.filter((probe) => probe.armed).map((probe) => `${probe.provider}:${probe.name}`);
  return {
    path,
    hostPath,
    device,
    inode,
    deleted,
    buildId,
    armed: unknown ? undefined : [...new Set(armed)].sort(),
    error: file.error?.detail,
  };
}
