/** One process: is it served, and if not, why not. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { ProcessError } from '../elf/errors.js';
import { mappedFiles } from '../elf/maps.js';
import { processArguments, processContainer, processLink, requireLive } from '../elf/proc.js';
import { listProcesses, type Recognise, type TraceableProcess } from '../elf/processes.js';
import { PACKAGE } from '../paths.js';
import type { Host } from './host.js';
import { interpreters } from './interpreters.js';
import { checkCopy } from './library.js';
import type { Served } from './runtimes.js';
import { reporter, type Finding } from './types.js';

const { ok, problem } = reporter('process');

/** What is known of a process. */
export interface ProcessFacts {
  readonly pid: number;
  /** When it maps the library. */
  readonly traceable: TraceableProcess | undefined;
  /** Path of its program, as seen inside it. */
  readonly exe: string;
  readonly argv: string[];
  readonly maps: string[];
  /** What it was started with; undefined when we may not know. */
  readonly env: NodeJS.ProcessEnv | undefined;
  readonly container: string | undefined;
  /** Whether a path of ours is there in the process's own file system. */
  readonly sees: (path: string) => boolean;
}

/**
 * Gathers them.
 * @throws ProcessError
 */
export function processFacts(pid: number, host: Host, recognise: Recognise): ProcessFacts {
  requireLive(pid);
  const environ = host.read(`/proc/${pid}/environ`);
  return {
    pid,
    traceable: listProcesses({ recognise }).processes.find((process) => process.pid === pid),
    exe: processLink(pid, 'exe')?.replace(/ \(deleted\)$/, '') ?? '',
    argv: processArguments(pid),
    maps: mappedFiles(pid).map(({ path }) => path),
    env: environ === undefined ? undefined : parseEnvironment(environ),
    container: processContainer(pid),
    sees: (path) => existsSync(`/proc/${pid}/root${path}`),
  };
}

function parseEnvironment(text: string): NodeJS.ProcessEnv {
  return Object.fromEntries(
    text.split('\0').flatMap((entry) => {
      const equals = entry.indexOf('=');
      return equals > 0 ? [[entry.slice(0, equals), entry.slice(equals + 1)]] : [];
    }),
  );
}

/** A process that can't be looked at is a finding too. */
export function checkFailedProcess(error: ProcessError): Finding[] {
  const todo =
    error.code === 'no-permission'
      ? `sudo polyprobe check -p ${error.pid}`
      : 'see polyprobe ps for the processes that can be traced';
  return [problem('readable', error.message, todo)];
}

/** All of the group. @param buildId the installed library's */
export function checkProcess(facts: ProcessFacts, served: readonly Served[], buildId: string | undefined): Finding[] {
  const { traceable, pid } = facts;
  if (!traceable) return [problem('served', ...whyNot(facts, served))];
  const { runtime, version, program, armed } = traceable;
  const who = [runtime, version, program].filter(Boolean).join(' ') || 'an unknown program';
  const copies = traceable.copies.flatMap((copy) => checkCopy(traceable, copy, buildId) ?? []);
  return [
    ok('served', `process ${pid} is served: ${who}`),
    ...copies.map((finding): Finding => ({
      ...finding,
      group: 'process',
      id: finding.id.replace('library/', 'process/'),
    })),
    ok('armed', armedText(armed)),
  ];
}

function armedText(armed: readonly string[] | undefined): string {
  if (armed === undefined) return 'which probes are armed is unknown: not permitted to read its memory';
  return armed.length === 0 ? 'no tracer is attached to it' : `armed now: ${armed.join(', ')}`;
}

/** The first reason that holds, from "not our business" to "ask the program". */
function whyNot(facts: ProcessFacts, served: readonly Served[]): [what: string, todo: string] {
  const { pid, exe, argv, maps, env, container, sees } = facts;
  const who = `process ${pid} (${argv.slice(0, 3).join(' ') || exe || 'unknown program'})`;
  const mine = served.find(({ runtime }) => runtime.recognise({ exe, argv, maps }));
  if (!mine) {
    const known = interpreters.find(({ programs }) => programs.test(basename(exe)));
    if (known)
      return [
        `${who} is not served: there is no provider for ${known.title} yet`,
        `its own probes, if any: sudo polyprobe list ${pid}`,
      ];
    return [`${who} is not served: it is no runtime that polyprobe knows`, 'for those that it knows: polyprobe probes'];
  }
  const { runtime, installations } = mine;
  if (maps.some((path) => /\/ld-musl-[^/]*\.so/.test(path)))
    return [
      `${who} is not served: it uses musl, the native parts are built for glibc`,
      'use a glibc build or image: node:22-slim in place of node:22-alpine',
    ];
  const [obstacle] = env ? runtime.obstacles(env) : [];
  if (obstacle) return [`${who} is not served: ${obstacle.what}`, `${obstacle.todo}, and start it again`];
  const unserved = installations.find((installation) => installation.path === exe && !installation.served);
  if (unserved)
    return [`${who} is not served: ${runtime.id} ${unserved.version ?? ''}: ${unserved.how}`, unserved.todo];
  if (container !== undefined && !sees(PACKAGE))
    return [
      `${who} is not served: it runs in ${container}, where polyprobe isn't installed`,
      'in the image: npm install polyprobe, and start the program by: npx polyprobe run -- …',
    ];
  const wanted = runtime.environment({ functions: true }, env ?? {});
  const started = env !== undefined && Object.entries(wanted).every(([name, value]) => env[name] === value);
  if (started)
    return [
      `${who} is not served, though it was started by polyprobe run: the provider could not load, or has not yet`,
      `read what it says on standard error: polyprobe run -- ${argv.join(' ')}`,
    ];
  return [
    `${who} is not served: it was not started by polyprobe run`,
    `start it again: polyprobe run -- ${argv.join(' ')}`,
  ];
}
