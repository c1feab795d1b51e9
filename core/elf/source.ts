/**
 * Where ELF bytes come from: a range at a time, each checked against the size. Owns the rule that
 * no more is read than asked for, and that a short read is an error. Called by headers.ts, notes.ts
 * and process.ts.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { ElfError, elfErrorFrom } from './errors.js';

/** Bytes at known offsets: an open file, or (in tests) a buffer. */
export interface ByteSource {
  /** For messages only. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`.
   * @throws ElfError `truncated` when they aren't all there.
   */
  read(offset: number, length: number): Buffer;
}

/** A path, an open descriptor, anything that holds one (`fs.FileHandle`), or a ready source. */
export type FileLike = string | number | { readonly fd: number } | ByteSource;

/** An open regular file and who it is. */
export interface OpenFile extends ByteSource {
  readonly stats: Stats;
  /** Closes the descriptor if we opened it. Safe to call twice. */
  close(): void;
}

/** A source over bytes that are already in memory. */
export function bufferSource(bytes: Uint8Array, name = '(buffer)'): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    name,
    size: buffer.length,
    read(offset, length) {
      checkRange(name, buffer.length, offset, length);
      return buffer.subarray(offset, offset + length);
    },
  };
}

/**
 * Opens a regular file for reading.
 *
 * Never blocks and never wakes a device: O_NONBLOCK is for a pipe that waits for a writer, and
 * whatever isn't a regular file is refused.
 * @throws ElfError `not-found`, `no-permission`, `unreadable`
 */
export function openFile(file: string | number | { readonly fd: number }): OpenFile {
  const name = typeof file === 'string' ? file : `descriptor ${typeof file === 'number' ? file : file.fd}`;
  let fd: number | undefined;
  let owned = false;
  try {
    if (typeof file === 'string') {
      fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      owned = true;
    } else {
      fd = typeof file === 'number' ? file : file.fd;
    }
    const stats = fstatSync(fd);
    if (!stats.isFile()) {
      throw new ElfError('unreadable', name, `expected a regular file, found ${kindOf(stats)}`);
    }
    return fileSource(fd, owned, name, stats);
  } catch (error) {
    if (owned && fd !== undefined) closeSync(fd);
    throw elfErrorFrom(error, name);
  }
}

function fileSource(fd: number, owned: boolean, name: string, stats: Stats): OpenFile {
  let open = owned;
  return {
    name,
    size: stats.size,
    stats,
    read(offset, length) {
      checkRange(name, stats.size, offset, length);
      const bytes = Buffer.alloc(length);
      let done = 0;
      while (done < length) {
        let n: number;
        try {
          n = readSync(fd, bytes, done, length - done, offset + done);
        } catch (error) {
          throw elfErrorFrom(error, name);
        }
        // The file was cut after we asked for its size.
        if (n === 0) throw endOfFile(name, offset, length, offset + done);
        done += n;
      }
      return bytes;
    },
    close() {
      if (!open) return;
      open = false;
      closeSync(fd);
    },
  };
}

function checkRange(name: string, size: number, offset: number, length: number): void {
  const sound = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!sound || offset + length > size) throw endOfFile(name, offset, length, size);
}

function endOfFile(name: string, offset: number, length: number, size: number): ElfError {
  return new ElfError('truncated', name, `expected ${length} bytes at offset ${offset}, the file ends at ${size}`);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
