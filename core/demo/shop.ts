/**
 * Starts and ends the shop (app.js), as anybody starts a program that is to be traced: `polyprobe run -- node app.js`.
 *
 * Owns its process and its folder. Called by main.ts.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE } from '../paths.js';

/** Where the program is; functions are named by their files' paths from here. */
export const APP = join(PACKAGE, 'core/demo');
/** The command line, compiled. */
const CLI = join(PACKAGE, 'dist/core/cli/main.js');

/** What the shop says at its end. */
export interface Served {
  readonly requests: number;
  readonly orders: number;
  readonly refused: number;
}

/** Who sits at the terminal, when sudo made us root: the shop needs no more rights than theirs. */
function user(): { uid?: number; gid?: number } {
  const [uid, gid] = [Number(process.env['SUDO_UID']), Number(process.env['SUDO_GID'])];
  return process.geteuid?.() === 0 && uid > 0 ? { uid, gid: gid || uid } : {};
}

/** A running shop. */
export class Shop {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';
  #errors = '';
  #onOutput: () => void = () => undefined;

  constructor() {
    const { uid, gid } = user();
    this.#folder = mkdtempSync(join(tmpdir(), 'polyprobe-demo-'));
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid);
    // The same as `polyprobe run -- node app.js FILE`: this process becomes the shop's.
    this.#child = spawn(process.execPath, [CLI, 'run', '--', process.execPath, 'app.js', this.#orders], {
      ...{ cwd: APP, stdio: ['ignore', 'pipe', 'pipe'], ...user() },
      // Ctrl-C is ours to handle: the shop ends when everybody has counted.
      detached: true,
    });
    this.#closed = once(this.#child, 'close');
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
      this.#onOutput();
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  get #orders(): string {
    return join(this.#folder, 'orders');
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Bytes of orders on disk. */
  get orderBytes(): number {
    return statSync(this.#orders).size;
  }

  /** @returns the port that it listens on. @throws when it ends instead */
  async ready(): Promise<number> {
    const said = new Promise<number>((resolve) => {
      this.#onOutput = () => {
        const port = /^listening on (\d+)$/m.exec(this.#output)?.[1];
        if (port !== undefined) resolve(Number(port));
      };
      this.#onOutput();
    });
    const port = await Promise.race([said, this.#closed]);
    if (typeof port !== 'number') throw new Error(`the shop did not start: ${this.#errors.trim()}`);
    return port;
  }

  /** Asks it to end, and gives what it says of itself. */
  async end(): Promise<Served> {
    this.#child.kill('SIGTERM');
    await this.#closed;
    const last = this.#output.trimEnd().split('\n').at(-1) ?? '';
    try {
      return JSON.parse(last) as Served;
    } catch {
      throw new Error(`the shop ended without its counts: ${last}${this.#errors}`);
    }
  }

  /** Leaves nothing behind, whatever happened. */
  discard(): void {
    this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
