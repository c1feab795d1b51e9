/**
 * Instrumented programs on disk, by content, so that a program is parsed only once per host and user.
 *
 * What is read from here is run as code. Therefore the directory must be ours alone, entries are
 * opened without following links, and each carries its checksum. Any failure means "no cache": the
 * program is instrumented anew, and `problem` says what was wrong.
 *
 * Owns: the directory's layout `<cache>/v<FORMAT>/<sha256>`, and its size. Called by: the module hooks.
 */
import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fs, own } from '../own.cjs';
import { putText, sha256, textOf } from './bytes.cjs';
import { INSTRUMENTER_VERSION, attempt, isRefusal } from './index.cjs';
import type { Instrumented, InstrumentOptions, Refusal } from './index.cjs';
import { codeOf, decode, encode, unpacked, type Prepared } from './entry.cjs';
import { findMap, readMap } from './sourcemap.cjs';

/** Of the entries' layout; part of the directory's name. */
const FORMAT = 2;
const MAGIC = `${`polyprobe instrumented program ${FORMAT}`.padEnd(35)}\n`;
const CHECKSUM_LENGTH = 16;
/** A multiple of 4, as entry.cts wants it. */
const HEADER_LENGTH = MAGIC.length + CHECKSUM_LENGTH;

const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;
const HOUR_MS = 3_600_000;
/** Others' writing and deleting by group or world. */
const UNSAFE_MODE = 0o022;

export interface CacheOptions {
  /** Of an entry from an offset on, in CHECKSUM_LENGTH characters. Against disks that fail: nobody else can write here. */
  readonly checksum: (bytes: Uint8Array, from: number) => string;
  /** Default: $POLYPROBE_CACHE, or polyprobe in $XDG_CACHE_HOME or ~/.cache. */
  readonly directory?: string | undefined;
  /** Size above which the oldest entries are removed. */
  readonly maxBytes?: number | undefined;
}

/** Where the cache is by default. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  if (env['POLYPROBE_CACHE']) return env['POLYPROBE_CACHE'];
  const xdg = env['XDG_CACHE_HOME'];
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'polyprobe');
}

/** The cache of one process. No method throws. */
export class InstrumentCache {
  /** Why entries can't be read or written, the last time something went wrong. */
  problem: string | undefined;

  private readonly root: string;
  private readonly directory: string;
  private readonly maxBytes: number;
  private readonly checksum: CacheOptions['checksum'];
  private isUsable: boolean | undefined;
  private isWritable = true;
  private isChecked = false;
  private written = 0;

  constructor(options: CacheOptions) {
    this.checksum = options.checksum;
    this.root = options.directory ?? cacheDirectory();
    this.directory = join(this.root, `v${FORMAT}`);
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  /** Like `attempt`, but a program that was seen before isn't parsed. */
  attempt(source: string, options: InstrumentOptions): Instrumented | Refusal {
    const result = this.prepare(source, options);
    return 'reason' in result ? result : unpacked(result);
  }

  /** The same, ready to be used. */
  prepare(source: string, options: InstrumentOptions): Prepared | Refusal {
    const key = this.usable() ? keyOf(source, options) : undefined;
    const known = key === undefined ? undefined : this.read(key);
    if (known) return known;
    const result = attempt(source, options);
    const isKept = !isRefusal(result) || result.reason === 'syntax';
    // Other refusals are found out faster than read, or may not recur.
    if (!isKept || (key === undefined && isRefusal(result))) return result;
    const entry = encode(result, source, parserVersion, HEADER_LENGTH);
    if (key !== undefined) this.write(key, entry);
    return isRefusal(result) ? result : (decode(entry, parserVersion, HEADER_LENGTH) as Prepared);
  }

  /** The text of what `prepare` gave, as it stands there now. */
  readonly textOf = codeOf;

  private usable(): boolean {
    return (this.isUsable ??=
      this.guard(() => {
        if (!isAbsolute(this.root)) throw new Error(`${this.root}: expected an absolute path`);
        for (const directory of [this.root, this.directory]) {
          makeDirectory(directory);
          const stat = fs.lstatSync(directory);
          if (!stat.isDirectory() || !isOurs(stat))
            throw new Error(`${directory}: expected a directory of our own that only we can write`);
        }
        return true;
      }) ?? false);
  }

  /** Runs what may fail for reasons outside of the program. */
  private guard<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.problem = messageOf(error);
      return undefined;
    }
  }

  private read(key: string): Prepared | Refusal | undefined {
    let descriptor: number;
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
    try {
      descriptor = fs.openSync(`${this.directory}/${key}`, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      // Not to have an entry is no problem.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.problem = messageOf(error);
      return undefined;
    }
    const entry = this.guard(() => {
      const stat = fs.fstatSync(descriptor);
      if (!stat.isFile() || !isOurs(stat)) throw new Error(`${key}: expected a file of our own`);
      const entry = this.decode(fs.readOpen(descriptor));
      // Age counts from the last use, as long as that costs next to nothing.
      if (Date.now() - stat.mtimeMs > 24 * HOUR_MS)
        this.guard(() => {
          fs.futimesSync(descriptor, new Date(), new Date());
        });
      return entry;
    });
    this.guard(() => {
      fs.closeSync(descriptor);
    });
    return entry;
  }

  private decode(entry: Uint8Array): Prepared | Refusal | undefined {
    const head = textOf(entry, 'latin1', 0, Math.min(HEADER_LENGTH, entry.length));
    if (head.length < HEADER_LENGTH || head !== MAGIC + this.checksum(entry, HEADER_LENGTH))
      throw new Error('expected an entry with a right checksum');
    return decode(entry, parserVersion, HEADER_LENGTH);
  }

  private write(key: string, entry: Uint8Array): void {
    if (!this.isWritable) return;
    putText(entry, MAGIC + this.checksum(entry, HEADER_LENGTH), 'latin1', 0);
    const temporary = `${this.directory}/.${key}.${process.pid}.${randomNumber()}`;
    const isWritten = this.guard(() => {
      fs.writeNew(temporary, entry);
      fs.renameSync(temporary, `${this.directory}/${key}`);
      return true;
    });
    if (isWritten !== true) {
      // A disk that is full or read-only stays so; trying again for each module would only cost.
      this.isWritable = false;
      try {
        fs.unlinkSync(temporary);
      } catch {
        // wasn't even created
      }
      return;
    }
    this.written += entry.length;
    const isMuch = this.written > this.maxBytes / 8;
    if (this.isChecked && !isMuch) return;
    this.isChecked = true;
    this.written = 0;
    this.guard(() => {
      this.prune(isMuch);
    });
  }

  /** Looks at all entries once an hour, or when one process alone has written much. */
  private prune(isMuch: boolean): void {
    const stamp = join(this.root, 'pruned');
    const last = fs.lstatSync(stamp, { throwIfNoEntry: false });
    if (last && !isMuch && Date.now() - last.mtimeMs < HOUR_MS) return;
    if (last) fs.unlinkSync(stamp);
    fs.writeNew(stamp, new Uint8Array(0));
    const entries = this.entries();
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    if (total <= this.maxBytes) return;
    for (const { path, size } of entries.sort((one, other) => one.mtimeMs - other.mtimeMs)) {
      if (total <= this.maxBytes * 0.75) break;
      fs.rmSync(path, { force: true });
      total -= size;
    }
  }

  /** All entries, those of other formats too; what an interrupted process left behind is removed. */
  private entries(): { path: string; size: number; mtimeMs: number }[] {
    const found: { path: string; size: number; mtimeMs: number }[] = [];
    for (const version of fs.readdirSync(this.root, { withFileTypes: true })) {
      if (!version.isDirectory() || !/^v\d+$/.test(version.name)) continue;
      for (const name of fs.readdirSync(join(this.root, version.name))) {
        const path = join(this.root, version.name, name);
        const stat = fs.lstatSync(path, { throwIfNoEntry: false });
        if (!stat?.isFile()) continue;
        if (name.startsWith('.') && Date.now() - stat.mtimeMs > HOUR_MS) fs.rmSync(path, { force: true });
        else found.push({ path, size: stat.size, mtimeMs: stat.mtimeMs });
      }
    }
    return found;
  }
}

/** Makes a directory and those above it. Node's own `recursive` never comes back from /proc. */
function makeDirectory(directory: string): void {
  const make = (): boolean => {
    try {
      fs.mkdirSync(directory, { mode: 0o700 });
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return true;
      if (code === 'ENOENT' && !fs.existsSync(dirname(directory))) return false;
      throw error;
    }
  };
  if (make()) return;
  makeDirectory(dirname(directory));
  make();
}

function isOurs(stat: Stats): boolean {
  return stat.uid === process.geteuid?.() && (stat.mode & UNSAFE_MODE) === 0;
}

/** Everything that the result depends on; where there is a source map, also where and what it is. */
function keyOf(source: string, options: InstrumentOptions): string {
  const { kind, file, maxBytes, skipTrivial } = options;
  const reference = findMap(source);
  const map = reference && [file, reference.url.startsWith('data:') || readMap(reference, file)];
  return sha256(`${JSON.stringify([INSTRUMENTER_VERSION, kind, maxBytes, skipTrivial, map])}\0`, source);
}

function parserVersion(): string {
  return (own('acorn/package.json') as { version: string }).version;
}

/** An error may be of another realm. */
function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : undefined;
  return typeof message === 'string' ? message : String(error);
}

function randomNumber(): string {
  const bytes = randomBytes(6);
  return Array.from({ length: bytes.length }, (_, index) => (256 + bytes[index]!).toString(16).slice(1)).join('');
}
