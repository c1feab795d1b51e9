/**
 * One run of a tool: a bpftrace for the copies there are at the start, another for each that appears while it runs, and
 * their results together.
 *
 * Owns: the bpftraces and the open copies, until `stop` has settled. Knows no tool by name. Called by core/cli/trace.ts.
 */
import { existsSync, readlinkSync } from 'node:fs';
import { LIBRARY } from '../paths.js';
import { Copies, Watched, isArmed, requireTraceable, sharesRoot, type HeldCopy } from './attach.js';
import { Bpftrace, findBpftrace, type Installation, type Message } from './bpftrace.js';
import { TracerError } from './errors.js';
import { Results } from './results.js';
import { assemble, type Tool } from './script.js';

/** How to run a tool. */
export interface SessionOptions {
  readonly tool: Tool;
  /** Only these processes; none: every one on the host. */
  readonly pids?: readonly number[];
  /** And what they have forked and will. */
  readonly children?: boolean;
  readonly mapKeys?: number | undefined;
  /** Attached to whatever maps it, besides the copies that are found; the installed one unless told. */
  readonly library?: string;
  /** Told of what the tool prints, as it comes. */
  readonly onText?: (text: string) => void;
  /** Told of what a person may want to know: another copy found, one that can't be read. */
  readonly onRemark?: (text: string) => void;
}

/** How it went. */
export interface Summary {
  readonly results: Results;
  readonly lostEvents: number;
  readonly fullMaps: number;
  /** Bpftraces that ended badly, though others went on. */
  readonly failures: readonly TracerError[];
  readonly seconds: number;
}

/** First line of every program. */
const MARKER = 'polyprobe is attached';
/** How often to look for ended processes and new copies, in milliseconds. */
const LOOK_MS = 1000;
/** The look at all processes takes at most one part in this many of the time. */
const LOOK_SHARE = 20;

/** The first process id namespace, whose numbers bpftrace's `pid` gives. */
const INITIAL_PID_NAMESPACE = 'pid:[4026531836]';

/** A tool that runs. */
export class Session {
  /** Settles when everything at hand is attached. Rejects with a TracerError or a ProcessError. */
  readonly ready: Promise<void>;
  /** Settles when nothing is left to trace: the processes have ended, or every bpftrace has. */
  readonly over: Promise<void>;
  readonly copies: HeldCopy[] = [];
  readonly #options: SessionOptions;
  readonly #pids: readonly number[];
  readonly #bpftraces: Bpftrace[] = [];
  readonly #readies: Promise<void>[] = [];
  readonly #copies = new Copies();
  readonly #results = new Results();
  readonly #installation: Installation;
  #watched: Watched;
  #hasHeading = false;
  #started = Date.now();
  #timer: NodeJS.Timeout | undefined;
  #isOver: () => void = () => undefined;
  #stopped: Promise<Summary> | undefined;

  /** @throws TracerError, ProcessError */
  constructor(options: SessionOptions) {
    this.#options = options;
    if (process.geteuid?.() !== 0) {
      throw new TracerError('not-root', 'only root may trace', 'to be run as root', 'run it with sudo');
    }
    this.#installation = findBpftrace();
    const pids = [...new Set(options.pids ?? [])];
    pids.forEach(requireTraceable);
    this.#watched = new Watched(pids);
    if (options.children) this.#watched.addChildren();
    this.#pids = this.#watched.alive();
    this.over = new Promise((resolve) => (this.#isOver = resolve));
    try {
      this.#findFirst(options.library ?? LIBRARY);
      this.#start(this.copies);
    } catch (error) {
      this.#release();
      throw error;
    }
    this.ready = this.settled().then(() => {
      this.#started = Date.now();
      this.#lookAgain(LOOK_MS);
    });
    this.ready.catch(() => undefined);
  }

  #findFirst(library: string): void {
    // With processes given, only what they map: nobody else's program is touched.
    if (this.#pids.length > 0) this.copies.push(...this.#copies.scan(this.#pids));
    else {
      const installed = existsSync(library) ? this.#copies.add(library) : undefined;
      this.copies.push(...(installed ? [installed] : []), ...this.#copies.scan());
    }
    this.#remarks();
    if (this.copies.length > 0) return;
    throw new TracerError(
      'no-library',
      'there is nothing to trace: the library is not built, and no process has loaded one',
      library,
      'npm rebuild polyprobe (in a clone: npm run setup)',
    );
  }

  /** One bpftrace for all, or one for each process where that keeps the others out of it. */
  #start(copies: readonly HeldCopy[]): void {
    const pids = this.#pids;
    // In a process id namespace of our own, bpftrace's `pid` would be a number that we don't know.
    const apart = pids.length === 1 || (pids.length > 0 && !inInitialPidNamespace());
    if (apart && !this.#options.children) for (const pid of this.#watched.alive()) this.#startFor(pid, copies);
    else void this.#startFiltered(copies);
  }

  /** Attached to one process: the kernel puts traps into that one alone. */
  #startFor(pid: number, copies: readonly HeldCopy[]): void {
    // With -p, bpftrace looks for the file by the process's own name for it. That fails, in a container even without a
    // word, where the name means another file to us, or has what separates an attach point's parts, or is no more. Then
    // whoever has the file mapped gets the traps, and all but one are ignored.
    const filtered = inInitialPidNamespace();
    if (filtered && !sharesRoot(pid)) {
      void this.#startFiltered(copies);
      return;
    }
    const bpftrace = this.#run(assemble(this.#options.tool, { copies, marker: MARKER }), pid);
    const isAttached = async (): Promise<void> => {
      await bpftrace.ready;
      if (!this.#stopped && filtered && !isArmed(pid)) throw new TracerError('failed', 'no site is armed', '', '');
    };
    const ready = isAttached().catch((error: unknown) => {
      const failed = error instanceof TracerError && error.code === 'failed';
      if (!failed || this.#stopped || !filtered || this.#watched.alive().length === 0) throw error;
      this.#bpftraces.splice(this.#bpftraces.indexOf(bpftrace), 1);
      bpftrace.kill();
      return this.#startFiltered(copies);
    });
    ready.catch(() => undefined);
    this.#readies.push(ready);
  }

  /** Attached to the files: whoever has them mapped stops at the traps. */
  #startFiltered(copies: readonly HeldCopy[]): Promise<void> {
    const following = this.#options.children === true && this.#pids.length > 0;
    // One that starts later must know the children that there are by then.
    const pids = following ? this.#watched.alive() : this.#pids;
    const program = assemble(this.#options.tool, { copies, marker: MARKER, pids, children: following });
    const { ready } = this.#run(program);
    ready.catch(() => undefined);
    this.#readies.push(ready);
    return ready;
  }

  #run(program: string, pid?: number): Bpftrace {
    const bpftrace = new Bpftrace({
      bpftrace: this.#installation,
      program,
      marker: MARKER,
      pid,
      textBytes: this.#options.tool.textBytes,
      mapKeys: this.#options.mapKeys,
      onMessage: this.#receiver(),
    });
    this.#bpftraces.push(bpftrace);
    void bpftrace.ended.then(() => this.#oneEnded(bpftrace));
    return bpftrace;
  }

  /** Takes in what one bpftrace says. Of their headings, which are all the same, the first is enough. */
  #receiver(): (message: Message) => void {
    let heading = this.#options.tool.heading;
    return (message) => {
      if (this.#results.add(message) || message.type !== 'printf') return;
      const again = heading && this.#hasHeading;
      this.#hasHeading ||= heading;
      heading = false;
      if (!again) this.#options.onText?.(message.data as string);
    };
  }

  #oneEnded(bpftrace: Bpftrace): void {
    // One whose place another takes is no longer in the list by the time that promises have settled.
    setImmediate(() => {
      if (!this.#bpftraces.includes(bpftrace)) return;
      if (bpftrace.failure && this.#stopped === undefined) this.#options.onRemark?.(bpftrace.failure.message);
      if (this.#bpftraces.every((each) => each.hasEnded)) this.#isOver();
    });
  }

  #lookAgain(delay: number): void {
    this.#timer = setTimeout(() => {
      const before = Date.now();
      this.#look();
      this.#lookAgain(Math.max(LOOK_MS, (Date.now() - before) * LOOK_SHARE));
    }, delay);
  }

  #look(): void {
    if (this.#stopped) return;
    if (this.#options.children) this.#watched.addChildren();
    const alive = this.#watched.alive();
    if (this.#pids.length > 0 && alive.length === 0) return this.#isOver();
    const fresh = this.#pids.length > 0 ? this.#copies.scan(alive) : this.#copies.scan();
    this.#remarks();
    if (fresh.length === 0) return;
    try {
      this.#start(fresh);
      this.copies.push(...fresh);
      for (const { origin } of fresh) this.#options.onRemark?.(`attached to another copy of the library: ${origin}`);
    } catch (error) {
      // An older copy without the tool's probes: the others go on.
      if (!(error instanceof TracerError)) throw error;
      this.#options.onRemark?.(error.message);
    }
  }

  #remarks(): void {
    for (const text of this.#copies.takeRemarks()) this.#options.onRemark?.(text);
  }

  /** Settles when every copy found so far is attached to. */
  async settled(): Promise<void> {
    await Promise.all(this.#readies);
  }

  /** Ends everything and gives the results. Asked twice, it answers the same. */
  stop(): Promise<Summary> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<Summary> {
    clearTimeout(this.#timer);
    const seconds = (Date.now() - this.#started) / 1000;
    await Promise.all(this.#bpftraces.map((bpftrace) => bpftrace.stop()));
    this.#release();
    const sum = (of: (bpftrace: Bpftrace) => number): number => this.#bpftraces.reduce((n, each) => n + of(each), 0);
    return {
      results: this.#results,
      lostEvents: sum((each) => each.lostEvents),
      fullMaps: sum((each) => each.fullMaps),
      failures: this.#bpftraces.flatMap(({ failure }) => (failure ? [failure] : [])),
      seconds,
    };
  }

  /** Ends everything at once, without results. */
  kill(): void {
    clearTimeout(this.#timer);
    this.#release();
  }

  #release(): void {
    for (const bpftrace of this.#bpftraces) bpftrace.kill();
    this.#copies.close();
  }
}

function inInitialPidNamespace(): boolean {
  try {
    return readlinkSync('/proc/self/ns/pid') === INITIAL_PID_NAMESPACE;
  } catch {
    return true;
  }
}
