/**
 * Finds bpftrace, runs it, and ends it.
 *
 * Owns its processes and the format of what they print (JSON lines). Doesn't know what a tool means.
 *
 * When is it attached? Its first message ("attached_probes") comes before anything is. BEGIN runs before the other
 * probes are attached as well, but what BEGIN prints is read from the kernel's buffer only when all are: so a line printed
 * there is the ready event, and every program is given one (`marker` of script.ts). Read from 0.17's source, and seen with
 * strace: the line is written after the last PERF_EVENT_IOC_ENABLE.
 *
 * Each bpftrace is a process group of its own, so that Ctrl-C reaches it through us alone, and ends with us even when we
 * are killed: the kernel sends it SIGKILL then (setpriv --pdeathsig), and a bpftrace that is killed leaves nothing armed.
 */
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import semver from 'semver';
import { which } from '../runtimes/path-search.js';
import { TracerError } from './errors.js';

/** The oldest that has what the tools use; they are tested with 0.17. */
const OLDEST = '0.17.0';
/** Attaching took 50 ms where measured; much memory to be reserved, or a slow machine, takes longer. */
const ATTACH_MS = 30_000;
/** From the request to end until it is killed: it has its maps to write. More for each probe, which took 100 ms. */
const END_MS = 15_000;
const END_MS_PER_PROBE = 300;
/** When to ask again. */
const ASK_MS = 1000;
/** No message for so long: it has read what there was. It asks the kernel every 100 ms, and is woken before. */
const QUIET_MS = 150;
const QUIET_MOST_MS = 2000;

/** A bpftrace that can be run. */
export interface Installation {
  readonly path: string;
  readonly version: string;
}

const INSTALL = 'install it: apt-get install bpftrace';

function inPath(command: string, env?: NodeJS.ProcessEnv): string | undefined {
  const found = which(command, env);
  return typeof found === 'object' ? found.path : undefined;
}

/** @throws TracerError `no-bpftrace`, `old-bpftrace` */
export function findBpftrace(env: NodeJS.ProcessEnv = process.env): Installation {
  const path = inPath('bpftrace', env) ?? inPath('/usr/sbin/bpftrace', env);
  if (path === undefined)
    throw new TracerError('no-bpftrace', 'bpftrace is not installed', 'bpftrace in PATH', INSTALL);
  let said: string;
  try {
    said = execFileSync(path, ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
  } catch (error) {
    const expected = `bpftrace ${OLDEST} or later`;
    throw new TracerError('no-bpftrace', `${path} cannot be run`, expected, INSTALL, { cause: error });
  }
  const version = semver.coerce(said)?.version ?? '0.0.0';
  if (semver.lt(version, OLDEST)) {
    throw new TracerError('old-bpftrace', `${path} is version ${version}`, `${OLDEST} or later`, INSTALL);
  }
  return { path, version };
}

/** One message of bpftrace's, with its texts decoded. */
export interface Message {
  readonly type: string;
  readonly data: unknown;
}

/** How to run a program. */
export interface RunOptions {
  readonly bpftrace: Installation;
  readonly program: string;
  /** The line that the program prints first. */
  readonly marker: string;
  /** One process for the kernel to look at; others aren't even slowed down. */
  readonly pid?: number | undefined;
  readonly textBytes?: number | undefined;
  readonly mapKeys?: number | undefined;
  /** Told of each message, in order; not of the marker, nor of losses. */
  readonly onMessage: (message: Message) => void;
}

/** A bpftrace that runs. */
export class Bpftrace {
  /** Settles when the probes are attached. Rejects with a TracerError when that fails. */
  readonly ready: Promise<void>;
  /** Settles when it has ended and all that it wrote was told. Never rejects. */
  readonly ended: Promise<void>;
  readonly pid: number | undefined;
  /** Why it ended before it was asked to, if it did so badly. */
  failure: TracerError | undefined;
  hasEnded = false;
  /** Lines and messages that didn't fit into the buffer. */
  lostEvents = 0;
  /** Entries that didn't fit into a map. */
  fullMaps = 0;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = '';
  #attached = false;
  #stopping = false;
  #probes = 0;
  #lastMessage = 0;
  #isReady: () => void = () => undefined;
  readonly #options: RunOptions;

  constructor(options: RunOptions) {
    this.#options = options;
    const { bpftrace, program, pid } = options;
    // -k: say when a map is full. JSON, because text can't be told apart from what a program prints.
    const args = ['-k', '-f', 'json', ...(pid === undefined ? [] : ['-p', String(pid)]), '-'];
    const setpriv = inPath('setpriv');
    const command =
      setpriv === undefined ? [bpftrace.path, ...args] : [setpriv, '--pdeathsig', 'KILL', bpftrace.path, ...args];
    this.#child = spawn(command[0]!, command.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: {
        ...process.env,
        BPFTRACE_STRLEN: String(options.textBytes ?? 64),
        BPFTRACE_MAP_KEYS_MAX: String(options.mapKeys ?? 32_768),
        // Pages of each CPU's buffer, 4 MiB in all: live tools write a line of 250 bytes for each event.
        BPFTRACE_PERF_RB_PAGES: '1024',
      },
    });
    this.pid = this.#child.pid;
    const killed = (): void => this.kill();
    process.once('exit', killed);
    // It may end before it has read everything; what it says of that is the better message.
    this.#child.stdin.on('error', () => undefined).end(program);
    this.#readLines();
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-64 * 1024);
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => (this.#errors += error.message));
      this.#child.on('close', (code, signal) => {
        process.removeListener('exit', killed);
        if (!this.#stopping && (code !== 0 || !this.#attached)) this.failure = failureOf(this.#errors, code, signal);
        this.hasEnded = true;
        resolve();
      });
    });
    this.ready = this.#waitReady();
    // Whoever waits for the end alone is told there.
    this.ready.catch(() => undefined);
  }

  async #waitReady(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.kill();
        const todo = 'try again when the machine is less busy, or with fewer processes';
        reject(
          new TracerError('stuck', 'bpftrace did not attach', `probes attached within ${ATTACH_MS / 1000} s`, todo),
        );
      }, ATTACH_MS);
    });
    const ready = new Promise<void>((resolve) => (this.#isReady = resolve));
    try {
      await Promise.race([ready, late, this.ended]);
    } finally {
      clearTimeout(timer);
    }
    if (!this.#attached && this.failure) throw this.failure;
  }

  #readLines(): void {
    let rest: string[] = [];
    this.#child.stdout.setEncoding('latin1').on('data', (text: string) => {
      // A map is one line, which may have megabytes: pieces are kept apart until its end is there.
      const lines = text.split('\n');
      rest.push(lines[0]!);
      for (let i = 1; i < lines.length; i++) {
        this.#line(rest.join(''));
        rest = [lines[i]!];
      }
    });
  }

  #line(line: string): void {
    if (line === '') return;
    const message = parseMessage(line);
    if (message === undefined) this.#errors += `${line}\n`;
    else if (message.type === 'printf' && message.data === `${this.#options.marker}\n`) {
      this.#attached = true;
      this.#isReady();
    } else if (message.type === 'lost_events') {
      this.lostEvents += (message.data as { events?: number }).events ?? 0;
    } else if (message.type === 'helper_error') {
      // To delete what isn't there is an error to bpftrace and none to us.
      const error = message as unknown as { helper: string; retcode: number };
      if (error.helper === 'map_update_elem' && error.retcode === -E2BIG) this.fullMaps++;
    } else if (message.type === 'attached_probes') {
      this.#probes = (message.data as { probes?: number }).probes ?? 0;
    } else {
      this.#lastMessage = Date.now();
      this.#options.onMessage(message);
    }
  }

  /**
   * Has it write its results and end. Settles when it has.
   *
   * 0.17 ignores what it reads after SIGINT, so what was printed last would be lost: it is given time to read that first.
   * And a SIGINT that comes while it isn't waiting is forgotten until the next event: so it is sent again.
   */
  async stop(): Promise<void> {
    if (!this.#stopping && this.#attached && !this.hasEnded) await this.#quiet();
    this.#stopping = true;
    this.#signal('SIGINT');
    const again = setInterval(() => this.#signal('SIGINT'), ASK_MS);
    const most = END_MS + END_MS_PER_PROBE * this.#probes;
    const timer = setTimeout(() => {
      const expected = `an end within ${Math.round(most / 1000)} s`;
      this.failure = new TracerError('stuck', 'bpftrace did not end and was killed', expected, 'its results are lost');
      this.kill();
    }, most);
    await this.ended;
    clearTimeout(timer);
    clearInterval(again);
  }

  async #quiet(): Promise<void> {
    const end = Date.now() + QUIET_MOST_MS;
    this.#lastMessage = Date.now();
    while (!this.hasEnded && Date.now() < Math.min(end, this.#lastMessage + QUIET_MS)) await wait(QUIET_MS / 10);
  }

  /** Ends it at once. What it knew is lost. */
  kill(): void {
    this.#stopping = true;
    this.#signal('SIGKILL');
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(signal);
  }
}

const E2BIG = 7;

/**
 * A line of `bpftrace -f json`; undefined if it isn't one.
 *
 * 0.17 writes a byte above 127 as `\uffffffNN` (its `char` is signed), which is no JSON. The bytes are put together again
 * and read as UTF-8.
 * @param line as Latin-1
 */
export function parseMessage(line: string): Message | undefined {
  try {
    const sound = line.replace(/\\(?:uffffff([0-9a-f]{2})|[^])/g, (all, hex?: string) => (hex ? `\\u00${hex}` : all));
    const parsed: unknown = decoded(JSON.parse(sound));
    if (typeof parsed !== 'object' || parsed === null || !('type' in parsed)) return undefined;
    return parsed as Message;
  } catch {
    return undefined;
  }
}

function decoded(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'latin1').toString('utf8');
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [decoded(key) as string, decoded(each)]));
}

/** What bpftrace said, as one of our errors. */
function failureOf(said: string, code: number | null, signal: NodeJS.Signals | null): TracerError {
  const lines = said.split('\n').filter((line) => line.trim() !== '' && !line.includes('RLIMIT_MEMLOCK'));
  const detail = lines.slice(0, 4).join(' | ') || (signal ? `killed by ${signal}` : `status ${code}`);
  const cause = { cause: new Error(lines.join('\n')) };
  if (said.includes('only supports running as the root user')) {
    return new TracerError('not-root', detail, 'root', 'run it with sudo', cause);
  }
  if (/Operation not permitted|Permission denied|tracefs|debugfs/i.test(said)) {
    return new TracerError(
      'no-tracing',
      `the kernel refused: ${detail}`,
      'a kernel that lets root trace',
      "in a container, run it on the host; otherwise see 'polyprobe check'",
      cause,
    );
  }
  return new TracerError(
    'failed',
    `bpftrace failed: ${detail}`,
    'a bpftrace that attaches',
    "see 'polyprobe check'",
    cause,
  );
}
