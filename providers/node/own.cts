/**
 * own: files and packages that the provider needs, apart from the program's.
 *
 * Some are first needed in the middle of a program, which may have put its own functions into `fs`, into Buffer, and into
 * Node's loader. So what reads and writes here is what was there when the provider was started, and packages come from the
 * provider's realm (realm.cts), where the program's don't count.
 *
 * Called by: whatever in the provider reads files or loads something late.
 */
import nodeFs = require('node:fs');

const { apply } = Reflect;
const { closeSync, existsSync, fstatSync, futimesSync, lstatSync, mkdirSync, openSync, readSync } = nodeFs;
const { readdirSync, renameSync, rmSync, statSync, unlinkSync, writeSync, constants } = nodeFs;
/** Of Buffer's, but it takes any bytes; undocumented. */
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice(start: number, end: number): string };

/** Reads a file that is open; Node's own function would ask the replaced ones. */
function readOpen(descriptor: number): Uint8Array {
  const { size } = fstatSync(descriptor);
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = readSync(descriptor, bytes, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return length === size ? bytes : bytes.subarray(0, length);
}

function readText(path: string): string {
  const descriptor = openSync(path, 'r');
  try {
    const bytes = readOpen(descriptor);
    return apply(utf8Slice, bytes, [0, bytes.length]);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file that isn't there yet, readable by its owner. */
function writeNew(path: string, bytes: Uint8Array): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for (let done = 0; done < bytes.length;) done += writeSync(descriptor, bytes, done, bytes.length - done, null);
  } finally {
    closeSync(descriptor);
  }
}

/** Functions of `fs` as they were: a program that has replaced some isn't to hear of what we read. */
export const fs = {
  ...{ closeSync, existsSync, fstatSync, futimesSync, lstatSync, mkdirSync, openSync, readOpen, readText, readdirSync },
  ...{ renameSync, rmSync, statSync, unlinkSync, writeNew, writeSync, constants },
};

/** A package, or a file by its path from this folder. */
export function own(id: string): unknown {
  return require(id);
}

/** Of V8's stack: https://github.com/nodejs/node/blob/v20.0.0/doc/api/cli.md, --stack-size. Some is left for the surroundings. */
const usableKb = (): number => {
  const given = /--stack[-_]size[= ](\d+)/.exec([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' '));
  return given ? Math.min(+given[1]!, 984) : 984;
};

let used: (() => number) | undefined;
let mostKb = Infinity;

/** From now on it is known how much of the stack is in use. To be called from near its beginning. */
export function measureStack(stackUsed: () => number): void {
  stackUsed();
  used = stackUsed;
  mostKb = usableKb() * 0.6;
}

/**
 * Whether there is stack left to work in: V8 ends the process when it can't compile a regular expression for want of it.
 * https://github.com/v8/v8/blob/11.3.244/src/regexp/regexp-compiler.cc (RegExpCompiler Allocation failed)
 */
export function hasStack(): boolean {
  return !used || used() < mostKb;
}
