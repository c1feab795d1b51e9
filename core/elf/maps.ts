/**
 * `/proc/PID/maps`: which files a process has mapped, where, and how to open the very same file
 * from outside, though it may be deleted, replaced, or in a container's file system.
 *
 * Owns the format and the identity of mapped files; doesn't know ELF.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { ElfError, elfErrorFrom, processErrorFrom } from './errors.js';
import { openFile, type OpenFile } from './source.js';
import { decodeText } from './text.js';

/** One line of /proc/PID/maps. */
export interface Mapping {
  /** First address. */
  readonly start: bigint;
  /** First address behind it. */
  readonly end: bigint;
  /** `r-xp` and the like. */
  readonly permissions: string;
  /** In the file, bytes. */
  readonly offset: bigint;
  /** `fe:00`, hexadecimal, as the kernel writes it. */
  readonly device: string;
  /** 0 for what isn't a file. */
  readonly inode: bigint;
  /** As seen inside the process, without the kernel's ` (deleted)`; `` or `[heap]` for no file. */
  readonly path: string;
  /** The kernel says that the file has no name any more. */
  readonly deleted: boolean;
}

/** One mapped file: the lines that share its device, inode and path. */
export interface MappedFile {
  readonly path: string;
  readonly device: string;
  readonly inode: bigint;
  readonly deleted: boolean;
  /** Made by memfd_create(2): it never had a path. */
  readonly memfd: boolean;
  /** In the order of addresses; the first 256. */
  readonly mappings: readonly Mapping[];
}

/** A mapped file, opened from outside the process. */
export interface OpenMappedFile {
  readonly file: OpenFile;
  /** The path that opened it, valid while the process lives. */
  readonly hostPath: string;
  /**
   * `exact`: it is that inode. `by-path`: it has the same name, but another device or inode
   * number, as btrfs and older overlay file systems report it; or another mount hides the file.
   */
  readonly identity: 'exact' | 'by-path';
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+) *(.*)$/s;
const DELETED = ' (deleted)';
const CHUNK = 64 * 1024;
/* The kernel's line is short, and a path has at most 4,096 bytes, each escaped to at most four. */
const MAX_LINE = 20 * 1024;
/*
 * Of one file. The linker makes one, and one more for each of dlmopen's sixteen namespaces; each is
 * compared with every probe site, so that a process with a million would keep us busy.
 */
const MAX_MAPPINGS = 256;

/** Reads one line; undefined if it isn't one. */
export function parseMapping(line: string): Mapping | undefined {
  const match = LINE.exec(line);
  if (!match) return undefined;
  const [, start, end, permissions, offset, device, inode, name] = match as unknown as string[];
  const deleted = name!.startsWith('/') && name!.endsWith(DELETED);
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    permissions: permissions!,
    offset: BigInt(`0x${offset}`),
    device: device!,
    inode: BigInt(inode!),
    // The kernel escapes nothing but the line feed.
    path: (deleted ? name!.slice(0, -DELETED.length) : name!).replaceAll('\\012', '\n'),
    deleted,
  };
}

/**
 * The lines of /proc/PID/maps, read in pieces: a process may have a million.
 * @throws ProcessError `gone`, `no-permission`
 */
export function* readMappings(pid: number, proc = '/proc'): Generator<Mapping> {
  let fd: number | undefined;
  try {
    fd = openSync(`${proc}/${pid}/maps`, 'r');
    let rest: Buffer = Buffer.alloc(0);
    const chunk = Buffer.alloc(CHUNK);
    for (;;) {
      const n = readSync(fd, chunk, 0, CHUNK, null);
      if (n === 0) return;
      let bytes = Buffer.concat([rest, chunk.subarray(0, n)]);
      for (let feed = bytes.indexOf(10); feed >= 0; feed = bytes.indexOf(10)) {
        const mapping = parseMapping(decodeText(bytes.subarray(0, feed)));
        if (mapping) yield mapping;
        bytes = bytes.subarray(feed + 1);
      }
      rest = bytes.length > MAX_LINE ? Buffer.alloc(0) : bytes;
    }
  } catch (error) {
    throw processErrorFrom(error, pid);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * The files that a process has mapped executable, in the order of their addresses.
 *
 * Probe sites are instructions, so that what isn't executable needn't be looked at.
 * @throws ProcessError `gone`, `no-permission`
 */
export function mappedFiles(pid: number, proc = '/proc'): MappedFile[] {
  return groupByFile(readMappings(pid, proc));
}

/** Groups executable mappings of files by file. */
export function groupByFile(mappings: Iterable<Mapping>): MappedFile[] {
  const files = new Map<string, MappedFile & { mappings: Mapping[] }>();
  for (const mapping of mappings) {
    if (!mapping.path.startsWith('/') || mapping.permissions[2] !== 'x') continue;
    const key = `${mapping.device} ${mapping.inode} ${mapping.path}`;
    const known = files.get(key);
    if (known) {
      if (known.mappings.length < MAX_MAPPINGS) known.mappings.push(mapping);
      continue;
    }
    const { path, device, inode, deleted } = mapping;
    const memfd = deleted && path.startsWith('/memfd:');
    files.set(key, { path, device, inode, deleted, memfd, mappings: [mapping] });
  }
  return [...files.values()];
}

/**
 * Opens a file that a process has mapped.
 *
 * First by its name below /proc/PID/root, the process's own view of the file system, if that is
 * the same file. Otherwise by /proc/PID/map_files, which is the file itself whatever became of its
 * name, but asks for CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE. At last by the name alone.
 * @throws ElfError `not-found` (deleted, and map_files is closed to us), `no-permission`, `unreadable`
 */
export function openMappedFile(pid: number, mapped: MappedFile, proc = '/proc'): OpenMappedFile {
  // A file may really be called "x (deleted)": the kernel's mark is only believed if it isn't.
  const hostPath = `${proc}/${pid}/root${mapped.deleted ? mapped.path + DELETED : mapped.path}`;
  if (isMapped(hostPath, mapped)) return openByPath(hostPath, mapped, 'exact');
  const direct = openDirect(pid, mapped, proc);
  if (direct) return direct;
  if (mapped.deleted) {
    throw new ElfError(
      'not-found',
      mapped.path,
      'expected the file that the process has mapped, but it was deleted, and only root may open it then',
    );
  }
  return openByPath(hostPath, mapped, 'by-path');
}

function openByPath(hostPath: string, mapped: MappedFile, identity: OpenMappedFile['identity']): OpenMappedFile {
  // Ask before opening: opening a device or a pipe is not without consequence.
  regular(hostPath, mapped);
  return { file: openFile(hostPath), hostPath, identity };
}

function openDirect(pid: number, mapped: MappedFile, proc: string): OpenMappedFile | undefined {
  const first = mapped.mappings[0];
  if (!first) return undefined;
  const name = `${first.start.toString(16)}-${first.end.toString(16)}`;
  const hostPath = `${proc}/${pid}/map_files/${name}`;
  try {
    return openByPath(hostPath, mapped, 'exact');
  } catch (error) {
    if (error instanceof ElfError && error.code === 'unreadable') throw error;
    // No permission, or the mapping was split or given back since: the name may still do.
    return undefined;
  }
}

function regular(hostPath: string, mapped: MappedFile): void {
  let stats;
  try {
    stats = statSync(hostPath);
  } catch (error) {
    throw elfErrorFrom(error, mapped.path);
  }
  if (!stats.isFile()) {
    throw new ElfError('unreadable', mapped.path, 'expected a regular file, found another kind');
  }
}

/** Whether the file of that name has the device and inode numbers of the mapping. */
function isMapped(hostPath: string, mapped: MappedFile): boolean {
  try {
    const stats = statSync(hostPath, { bigint: true });
    return stats.ino === mapped.inode && deviceName(stats.dev) === mapped.device;
  } catch {
    return false;
  }
}

/** A `st_dev` as /proc/PID/maps writes it, `MAJOR:MINOR` in hexadecimal. */
export function deviceName(dev: bigint): string {
  // glibc's encoding (sysmacros.h): twelve low bits of the major from bit 8, the rest from bit 32.
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major.toString(16).padStart(2, '0')}:${minor.toString(16).padStart(2, '0')}`;
}
