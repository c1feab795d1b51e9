/** Machines that the checks can be shown: a Debian with everything, and whatever a test takes away from it. */
import type { Finding } from '../../core/check/types.js';
import type { Host, Ran } from '../../core/check/host.js';

/** What a machine is made of. */
export interface Machine extends Partial<
  Omit<Host, 'read' | 'exists' | 'link' | 'real' | 'which' | 'programs' | 'run'>
> {
  /** Text of files; null takes one away. */
  readonly files?: Readonly<Record<string, string | null>>;
  readonly links?: Readonly<Record<string, string>>;
  /** What commands print, by path and arguments; null takes one away. */
  readonly commands?: Readonly<Record<string, string | null>>;
}

const FILES: Readonly<Record<string, string>> = {
  '/sys/bus/event_source/devices': '',
  '/sys/bus/event_source/devices/uprobe/type': '8\n',
  '/proc/self/mounts': 'proc /proc proc rw 0 0\nnodev /sys/kernel/tracing tracefs rw 0 0\n',
  '/proc/sys/kernel/perf_event_paranoid': '2\n',
  '/proc/self/status': 'Name:\tnode\nCapEff:\t000001ffffffffff\n',
  '/sys/kernel/btf/vmlinux': '',
};
const COMMANDS: Readonly<Record<string, string>> = {
  '/usr/bin/bpftrace --version': 'bpftrace v0.22.1\n',
  '/usr/bin/perf --version': 'perf version 6.1.192\n',
};

function merged<T>(
  base: Readonly<Record<string, T>>,
  changes: Readonly<Record<string, T | null>> = {},
): Map<string, T> {
  return new Map(Object.entries({ ...base, ...changes }).filter((entry): entry is [string, T] => entry[1] !== null));
}

/** Makes one. */
export function machine({ files, links = {}, commands, ...rest }: Machine = {}): Host {
  const texts = merged(FILES, files);
  const answers = merged(COMMANDS, commands);
  const paths = [...new Set([...answers.keys()].map((line) => line.split(' ')[0]!))];
  const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
  return {
    platform: 'linux',
    architecture: 'x64',
    kernel: '6.1.0-18-amd64',
    glibc: '2.36',
    uid: 0,
    env: {},
    read: (path) => texts.get(path),
    exists: (path) => texts.has(path) || paths.includes(path),
    link: (path) => links[path] ?? (path === '/proc/self/ns/pid' ? 'pid:[4026531836]' : undefined),
    real: (path) => links[path] ?? path,
    which: (command) => paths.find((path) => nameOf(path) === command),
    programs: (name) => paths.filter((path) => name.test(nameOf(path))),
    run(command, args): Promise<Ran> {
      const key = [...answers.keys()].find((line) => [command, ...args].join(' ').startsWith(line));
      return Promise.resolve(
        key === undefined
          ? { status: undefined, stdout: '', stderr: '' }
          : { status: 0, stdout: answers.get(key)!, stderr: '' },
      );
    },
    ...rest,
  };
}

/** `level id`, one for each finding. */
export const marks = (findings: readonly Finding[]): string[] => findings.map(({ level, id }) => `${level} ${id}`);

/** Those that aren't ok. */
export const complaints = (findings: readonly Finding[]): Finding[] => findings.filter(({ level }) => level !== 'ok');
