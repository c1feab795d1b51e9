/**
 * Runs one program in every state and compares what it did: what it printed, its exit status, the files that it wrote.
 *
 * Nothing is normalised: all runs have the same arguments, folder and environment, and so must be told apart by nothing.
 * Called by: the tests here, with entries of their tables.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { totalOf, type Counts, type Tracer } from '../harness/trace.js';
import type { Outcome } from '../harness/node.js';
import { Isolated, startAs } from '../node/isolated.js';
import { Churn } from './churn.js';

export interface Program {
  /** Arguments of Node. `@name` is a file of `programs/`; a path that begins with node_modules is the package's. */
  readonly args: readonly string[];
  /** Expected exit status, or the signal. */
  readonly ends?: number | string;
  /** A word that its output has to contain: that it did what is compared. */
  readonly says: string | RegExp;
  /** It calls at least so many functions. */
  readonly calls: number;
  /** Files that it works on, by their paths in its working folder; the working folder is the package's if there are none. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folder that it writes to, in its working folder. */
  readonly writes?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Sent when it has said `ready`. */
  readonly signal?: NodeJS.Signals;
  /**
   * It prints a stack trace of Node's own that begins in a turn of the event loop: while somebody traces contexts, Node goes
   * another way there (async_hooks), which shows.
   */
  readonly showsTurns?: boolean;
  /** It is killed with functions open, which therefore don't return. */
  readonly isKilled?: boolean;
}

/** What a program did. */
interface Deed {
  readonly ends: number | string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly files: Readonly<Record<string, string>>;
}

/** As often a tracer has to come and go while a program runs. */
const CYCLES = 5;
/** As often it is run for that at most. */
const MOST_RUNS = 40;

export const PROGRAMS = join(PACKAGE, 'test/programs/programs');

/** Checksums of the files in a folder. */
function snapshot(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path.slice(folder.length), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}

/** The programs of one test file, run beside each other's caches. */
export class Comparison {
  readonly #isolated: Isolated;
  readonly #root = realpathSync(mkdtempSync(join(tmpdir(), 'polyprobe-programs-')));

  constructor(
    t: Test,
    readonly programs: Readonly<Record<string, Program>>,
  ) {
    this.#isolated = new Isolated(t);
    t.teardown(() => rmSync(this.#root, { recursive: true, force: true }));
    for (const [name, { files = {} }] of Object.entries(programs))
      for (const [path, text] of Object.entries(files)) {
        const file = join(this.#folder(name), path);
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
      }
  }

  #folder(name: string): string {
    return join(this.#root, name.replace(/\W+/g, '-'));
  }

  /** Everything is instrumented, packages included. */
  #env(program: Program, extra: NodeJS.ProcessEnv | undefined): NodeJS.ProcessEnv {
    const common = { HOME: this.#root, NO_COLOR: '1', FORCE_COLOR: undefined, ...program.env };
    if (!extra) return { ...this.#isolated.plainEnv(), ...common };
    return { ...this.#isolated.env(), ...common, POLYPROBE_INCLUDE: '/**', ...extra };
  }

  async #run(name: string, extra?: NodeJS.ProcessEnv): Promise<{ deed: Deed; pid: number }> {
    const program = this.programs[name]!;
    const { args, files, writes, signal } = program;
    const folder = files ? this.#folder(name) : PACKAGE;
    const output = writes === undefined ? undefined : join(folder, writes);
    if (output !== undefined) rmSync(output, { recursive: true, force: true });
    const paths = args.map((arg) =>
      arg.startsWith('@') ? join(PROGRAMS, arg.slice(1)) : arg.startsWith('node_modules/') ? join(PACKAGE, arg) : arg,
    );
    const env = Object.fromEntries(
      Object.entries(this.#env(program, extra)).filter(([, value]) => value !== undefined),
    );
    const running = startAs(process.execPath, paths, env, folder);
    running.child.stdin!.on('error', () => undefined).end();
    if (signal) {
      await running.line('ready');
      running.child.kill(signal);
    }
    const { code, signal: by, stdout, stderr }: Outcome = await running.done;
    const written = output === undefined ? {} : snapshot(output);
    return { deed: { ends: code ?? by, stdout, stderr, files: written }, pid: running.pid };
  }

  #same(t: Test, state: string, ours: Deed, plain: Deed): void {
    t.equal(ours.stderr, plain.stderr, `stderr, ${state}`);
    t.equal(ours.stdout, plain.stdout, `stdout, ${state}`);
    t.equal(ours.ends, plain.ends, `exit status, ${state}`);
    t.same(ours.files, plain.files, `files, ${state}`);
  }

  /** What each program does without us; and with us, before anybody traces. */
  async untraced(t: Test): Promise<Map<string, Deed>> {
    const plain = new Map<string, Deed>();
    for (const [name, program] of Object.entries(this.programs))
      await t.test(`${name} does the same, instrumented or not`, async (t) => {
        const { deed } = await this.#run(name);
        plain.set(name, deed);
        t.equal(deed.ends, program.ends ?? 0, deed.stderr);
        t.match(deed.stdout + deed.stderr, program.says);
        if (program.writes !== undefined) t.not(Object.keys(deed.files).length, 0, 'it writes');
        const cache = { POLYPROBE_CACHE: join(this.#root, 'cache', name.replace(/\W+/g, '-')) };
        this.#same(t, 'with an empty cache', (await this.#run(name, cache)).deed, deed);
        this.#same(t, 'from the cache', (await this.#run(name, cache)).deed, deed);
        this.#same(t, 'without functions', (await this.#run(name, { ...cache, POLYPROBE_FUNCTIONS: '0' })).deed, deed);
      });
    return plain;
  }

  #cached(name: string): NodeJS.ProcessEnv {
    return { POLYPROBE_CACHE: join(this.#root, 'cache', name.replace(/\W+/g, '-')) };
  }

  /** The same while one tracer counts every call, and each has its return. */
  async traced(t: Test, plain: Map<string, Deed>): Promise<void> {
    await t.test('while they are traced', async (t) => {
      const tracer: Tracer = await this.#isolated.attach(t, {
        function__entry: '@entry[pid] = count();',
        function__return: '@return[pid] = count();',
      });
      const pids = new Map<string, number>();
      for (const name of Object.keys(this.programs)) {
        const { deed, pid } = await this.#run(name, this.#cached(name));
        pids.set(name, pid);
        await t.test(name, async (t) => this.#same(t, 'traced', deed, plain.get(name)!));
      }
      const maps = await tracer.stop();
      for (const [name, pid] of pids) this.#counted(t, name, pid, maps);
    });
  }

  #counted(t: Test, name: string, pid: number, maps: Map<string, Counts>): void {
    const [entries, returns] = [totalOf(maps, '@entry', pid), totalOf(maps, '@return', pid)];
    const { calls, isKilled } = this.programs[name]!;
    t.ok(entries >= calls, `${name}: ${entries} calls`);
    if (isKilled !== true) t.equal(returns, entries, `${name}: as many returns`);
  }

  /** The same while tracers come and go. */
  async churned(t: Test, plain: Map<string, Deed>): Promise<void> {
    await t.test('while tracers come and go', async (t) => {
      const churn = new Churn(t, this.#isolated);
      for (const [name, { showsTurns }] of Object.entries(this.programs)) {
        if (showsTurns === true) continue;
        await t.test(name, async (t) => {
          const before = churn.cycles;
          for (let run = 0; run < MOST_RUNS && churn.cycles < before + CYCLES; run++)
            this.#same(
              t,
              'with tracers coming and going',
              (await this.#run(name, this.#cached(name))).deed,
              plain.get(name)!,
            );
          t.ok(churn.cycles >= before + CYCLES, `${churn.cycles - before} tracers came and went`);
        });
      }
      await churn.stop();
    });
  }

  async all(t: Test): Promise<void> {
    const plain = await this.untraced(t);
    await this.traced(t, plain);
    await this.churned(t, plain);
  }
}
