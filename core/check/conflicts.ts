/**
 * What gets into the way of tracing though everything is installed: in the environment, and in running processes. Only what
 * can be seen.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { typeName } from '../elf/arguments.js';
import { ProcessError } from '../elf/errors.js';
import { probesOfProcess, type ProbeCache, type ProcessFile } from '../elf/process.js';
import { processArguments } from '../elf/proc.js';
import type { Runtime } from '../runtimes/index.js';
import type { Host } from './host.js';
import { reporter, type Finding } from './types.js';

const { ok, note, warning } = reporter('conflicts');

/** What is wrong in one process. */
export interface ProcessConflicts {
  readonly pid: number;
  readonly command: string;
  /** Probes whose semaphore is raised with nobody attached. */
  readonly raised: readonly string[];
  /** Probes that two files of it declare with different arguments. */
  readonly twice: readonly string[];
}

/** All of the group. */
export function checkConflicts(
  host: Host,
  runtimes: readonly Runtime[],
  processes: readonly ProcessConflicts[],
): Finding[] {
  const findings = [
    ...runtimes.flatMap((runtime) =>
      runtime
        .obstacles(host.env)
        .map(({ what, todo }, index) => warning(`environment-${runtime.id}-${index + 1}`, what, todo)),
    ),
    ...checkPreload(host),
    ...processes.flatMap(checkOne),
  ];
  return findings.length > 0 ? findings : [ok('none', 'none found in the environment and in running processes')];
}

function checkPreload({ env, exists }: Host): Finding[] {
  const files = (env['LD_PRELOAD'] ?? '').split(/[\s:]+/).filter((file) => file !== '');
  return files.map((file) =>
    file.startsWith('/') && !exists(file)
      ? warning(
          'ld-preload',
          `LD_PRELOAD names ${file}, which isn't there: every program says so on standard error`,
          'unset LD_PRELOAD',
        )
      : note(
          'ld-preload',
          `LD_PRELOAD puts ${file} into every program`,
          'if a program behaves oddly, try without: env -u LD_PRELOAD …',
        ),
  );
}

function checkOne({ pid, command, raised, twice }: ProcessConflicts): Finding[] {
  const who = `process ${pid} (${command})`;
  return [
    ...(raised.length > 0
      ? [
          warning(
            `semaphore-${pid}`,
            `${who}: left switched on with no tracer attached, which costs it time: ${raised.join(', ')}`,
            `a tracer was killed before it could clean up (bcc's tools leave this behind); restart the program: kill ${pid}`,
          ),
        ]
      : []),
    ...(twice.length > 0
      ? [
          warning(
            `twice-${pid}`,
            `${who}: two files declare the same probe with different arguments: ${twice.join(', ')}`,
            `give tracers the file, not the process alone; to see both: sudo polyprobe list ${pid}`,
          ),
        ]
      : []),
  ];
}

/**
 * Looks into every process that we may look into, or into one.
 * @returns those with something wrong
 */
export function scanProcesses(only?: number, proc = '/proc'): ProcessConflicts[] {
  const cache: ProbeCache = new Map();
  const found: ProcessConflicts[] = [];
  for (const pid of only === undefined ? pids(proc) : [only]) {
    try {
      const files = probesOfProcess(pid, { cache, proc }).files.filter((file) => file.probes.length > 0);
      const raised = raisedSemaphores(pid, files, proc);
      const twice = declaredTwice(files);
      if (raised.length + twice.length > 0)
        found.push({ pid, command: processArguments(pid, proc).slice(0, 2).join(' ').slice(0, 80), raised, twice });
    } catch (error) {
      // It has ended, or belongs to somebody else: what can't be seen isn't judged.
      if (!(error instanceof ProcessError)) throw error;
    }
  }
  return found;
}

function pids(proc: string): number[] {
  try {
    return readdirSync(proc)
      .filter((name) => /^[1-9]\d*$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** Probes of one name share one counter; it is above 0 while tracers want arguments to be prepared. */
function raisedSemaphores(pid: number, files: readonly ProcessFile[], proc: string): string[] {
  const wanted = new Map<string, bigint>();
  const armed = new Set<string>();
  for (const { base, probes } of files)
    for (const probe of probes) {
      const name = `${probe.provider}:${probe.name}`;
      if (probe.armed !== false) armed.add(name);
      if (base !== undefined && probe.semaphore !== 0n) wanted.set(name, base + probe.semaphore);
    }
  if (wanted.size === 0) return [];
  let memory: number | undefined;
  try {
    memory = openSync(`${proc}/${pid}/mem`, 'r');
    const bytes = Buffer.alloc(2);
    const raised: string[] = [];
    for (const [name, address] of wanted)
      if (!armed.has(name) && readAt(memory, bytes, address) && bytes.readUInt16LE() > 0) raised.push(name);
    return raised;
  } catch {
    return [];
  } finally {
    if (memory !== undefined) closeSync(memory);
  }
}

function readAt(memory: number, bytes: Buffer, address: bigint): boolean {
  try {
    return readSync(memory, bytes, 0, bytes.length, address) === bytes.length;
  } catch {
    return false;
  }
}

/** Several sites in one file may differ, which tracers know how to handle; two files may not. */
function declaredTwice(files: readonly ProcessFile[]): string[] {
  const shapes = new Map<string, Map<string, Set<string>>>();
  for (const file of files)
    for (const probe of file.probes) {
      const name = `${probe.provider}:${probe.name}`;
      const byFile = shapes.get(name) ?? new Map<string, Set<string>>();
      shapes.set(name, byFile);
      const key = `${file.device} ${file.inode}`;
      byFile.set(key, (byFile.get(key) ?? new Set()).add(probe.args.map(typeName).join(' ')));
    }
  return [...shapes].flatMap(([name, byFile]) => {
    const distinct = new Set([...byFile.values()].map((set) => [...set].sort().join(' | ')));
    return distinct.size > 1 ? [name] : [];
  });
}
