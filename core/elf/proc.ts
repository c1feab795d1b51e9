/**
 * What /proc says about one process, besides its mappings: who runs it, how it was started, when,
 * and in which container. Each function reads one file; a process may end between two of them.
 */
import { closeSync, openSync, readFileSync, readlinkSync, readSync, statSync } from 'node:fs';
import { ProcessError, processErrorFrom } from './errors.js';
import { decodeText } from './text.js';

/** Facts that anybody may read. */
export interface ProcessStatus {
  readonly ppid: number;
  /** Effective user, as our own user namespace numbers it. */
  readonly uid: number;
  /** `R`, `S`, `Z` (ended, not yet collected), … */
  readonly state: string;
  /** Clock ticks after boot. Together with the pid it names one process, as pids are reused. */
  readonly startTicks: bigint;
}

/* The unit of /proc/PID/stat is fixed at 100 Hz to programs on every architecture that we know. */
const TICKS_PER_SECOND = 100;
/* The kernel's own limit of one argument is 128 KiB; more of a command line helps nobody. */
const MAX_COMMAND_LINE = 128 * 1024;

/** @throws ProcessError `gone`, `no-permission`, `unavailable` */
export function processStatus(pid: number, proc = '/proc'): ProcessStatus {
  const stat = readText(pid, 'stat', proc);
  const status = readText(pid, 'status', proc);
  // The name in parentheses may hold spaces and parentheses itself: fields start behind the last.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '?',
    ppid: Number(fields[1]),
    startTicks: BigInt(fields[19] ?? 0),
    uid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? NaN),
  };
}

/**
 * Fails unless there is a live process of that number.
 * @throws ProcessError `gone`, `no-permission`, `unavailable`
 */
export function requireLive(pid: number, proc = '/proc'): ProcessStatus {
  const status = processStatus(pid, proc);
  if (status.state === 'Z' || status.state === 'X') {
    throw new ProcessError('gone', pid, 'expected a running process, but it has ended and waits for its parent');
  }
  return status;
}

/** The arguments the process was started with, or what it wrote over them. Empty for the kernel's. */
export function processArguments(pid: number, proc = '/proc'): string[] {
  const bytes = readBytes(pid, 'cmdline', MAX_COMMAND_LINE, proc);
  // Each argument ends with a zero; a program that set its own title may leave several behind it.
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end === 0 ? [] : decodeText(bytes.subarray(0, end)).split('\0');
}

/** Where one of /proc/PID's links (`exe`, `cwd`, `ns/pid`) points; undefined if we may not know. */
export function processLink(pid: number, link: string, proc = '/proc'): string | undefined {
  try {
    return decodeText(readlinkSync(`${proc}/${pid}/${link}`, 'buffer'));
  } catch {
    return undefined;
  }
}

/** When the process was started; undefined if the time of boot isn't known. */
export function startTime(startTicks: bigint, proc = '/proc'): Date | undefined {
  const boot = /^btime (\d+)$/m.exec(readFileSync(`${proc}/stat`, 'latin1'))?.[1];
  return boot === undefined
    ? undefined
    : new Date(Number(boot) * 1000 + (Number(startTicks) * 1000) / TICKS_PER_SECOND);
}

/** User names by number, from the host's /etc/passwd; a container's own names aren't consulted. */
export function userNames(passwd = '/etc/passwd'): Map<number, string> {
  const names = new Map<number, string>();
  let text: string;
  try {
    text = readFileSync(passwd, 'utf8');
  } catch {
    return names;
  }
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    // The first of several names for a number is the one that tools show.
    if (name && uid && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

/**
 * The container that a process runs in: `docker:ID`, `podman:ID`, `containerd:ID`, `crio:ID`,
 * `k8s:ID`, `lxc:NAME`, `nspawn:NAME`, or `ns:INODE` (of its mount namespace) when namespaces
 * alone give it away; undefined for the host's own.
 */
export function processContainer(pid: number, proc = '/proc'): string | undefined {
  try {
    return containerOfCgroup(readText(pid, 'cgroup', proc)) ?? namespaceOf(pid, proc);
  } catch {
    return undefined;
  }
}

/* In the order of trust: an engine's own prefix before the place in the tree. */
const CONTAINERS: readonly (readonly [RegExp, string])[] = [
  [/\/docker[-/]([0-9a-f]{64})/, 'docker'],
  [/\/libpod-(?!conmon)(?:payload-)?([0-9a-f]{64})/, 'podman'],
  [/\/crio-(?!conmon)([0-9a-f]{64})/, 'crio'],
  [/(?:\/|:)cri-containerd[-:]([0-9a-f]{64})/, 'containerd'],
  [/\/(?:k8s\.io|moby|default)\/([0-9a-f]{64})/, 'containerd'],
  [/kubepods[^\n]*\/(?:\w+-)?([0-9a-f]{64})/, 'k8s'],
  [/\/lxc(?:\.payload)?[./]([^/\n]+)/, 'lxc'],
  [/\/systemd-nspawn@([^/\n]+)\.service/, 'nspawn'],
  [/\/machine\.slice\/machine-([^/\n]+)\.scope/, 'nspawn'],
];

/** Reads the text of /proc/PID/cgroup; undefined when no known engine made that group. */
export function containerOfCgroup(text: string): string | undefined {
  for (const [pattern, engine] of CONTAINERS) {
    const id = pattern.exec(text)?.[1];
    if (id !== undefined) return `${engine}:${id}`;
  }
  return undefined;
}

/**
 * A process id namespace of its own makes a container. A mount namespace alone doesn't, as many
 * services of the host have one (systemd's PrivateTmp): its root directory must be another too.
 */
function namespaceOf(pid: number, proc: string): string | undefined {
  const mount = processLink(pid, 'ns/mnt', proc);
  const ours = processLink(process.pid, 'ns/mnt', proc);
  if (mount === undefined || ours === undefined) return undefined;
  const otherPids = processLink(pid, 'ns/pid', proc) !== processLink(process.pid, 'ns/pid', proc);
  const otherRoot = (): boolean => {
    const theirs = statSync(`${proc}/${pid}/root/`, { bigint: true });
    const root = statSync('/', { bigint: true });
    return theirs.dev !== root.dev || theirs.ino !== root.ino;
  };
  if (!otherPids && (mount === ours || !otherRoot())) return undefined;
  return `ns:${/\d+/.exec(mount)?.[0] ?? '?'}`;
}

function readText(pid: number, name: string, proc: string): string {
  return decodeText(readBytes(pid, name, 64 * 1024, proc));
}

/** Files in /proc have size 0 and are read until nothing more comes, here up to a limit. */
function readBytes(pid: number, name: string, limit: number, proc: string): Buffer {
  let fd: number | undefined;
  try {
    fd = openSync(`${proc}/${pid}/${name}`, 'r');
    const chunks: Buffer[] = [];
    for (let total = 0; total < limit;) {
      const chunk = Buffer.alloc(Math.min(4096, limit - total));
      const n = readSync(fd, chunk, 0, chunk.length, null);
      if (n === 0) break;
      chunks.push(chunk.subarray(0, n));
      total += n;
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (fd === undefined && !exists(`${proc}/self`)) {
      throw new ProcessError('unavailable', pid, `expected a Linux ${proc}, found none`, {
        cause: error,
      });
    }
    throw processErrorFrom(error, pid);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
