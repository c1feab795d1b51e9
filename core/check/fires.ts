/**
 * "Listed, but dead": attaches to every probe that a runtime or an interpreter lists, makes everything happen that should
 * fire it, and says which did.
 */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Abi } from '../abi/types.js';
import { isLibrary } from '../elf/processes.js';
import type { Installation, Runtime } from '../runtimes/index.js';
import type { Host } from './host.js';
import { adviceFor, type Interpreter } from './interpreters.js';
import { mayTrace } from './permission.js';
import { exercise, type Counted, type Outcome, type Subject } from './session.js';
import { reporter, type Finding } from './types.js';

const { ok, note, warning, problem } = reporter('fires');

/** An interpreter found on this machine. */
export interface Found {
  readonly interpreter: Interpreter;
  readonly path: string;
  readonly version: string;
}

/** What can be exercised, and by what. */
export interface FiresFacts {
  readonly abi: Abi;
  readonly runtimes: readonly { readonly runtime: Runtime; readonly installations: readonly Installation[] }[];
  readonly interpreters: readonly Found[];
  /** For tests; the real one by default. */
  readonly exercise?: (subject: Subject, bpftrace: string) => Promise<Outcome>;
  /** Told before each, which takes seconds. */
  readonly progress?: (what: string) => void;
}

/** Only what a program needs to start: the caller's own NODE_OPTIONS and the like are another group's business. */
function plainEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR'];
  return Object.fromEntries(kept.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}

/** All of the group. */
export async function checkFires(host: Host, facts: FiresFacts): Promise<Finding[]> {
  if (host.platform !== 'linux') return [];
  const bpftrace = host.which('bpftrace');
  if (bpftrace === undefined)
    return [
      note(
        'skipped',
        'not tested whether probes fire: bpftrace is not installed',
        'sudo apt-get install bpftrace, then: sudo polyprobe check',
      ),
    ];
  if (!mayTrace(host))
    return [note('skipped', 'not tested whether probes fire: only root may trace', 'sudo polyprobe check')];
  const run = facts.exercise ?? exercise;
  const findings: Finding[] = [];
  for (const { runtime, installations } of facts.runtimes)
    for (const installation of installations) {
      if (!installation.served || !runtime.exercise) continue;
      facts.progress?.(`${runtime.id} ${installation.version ?? ''}: do its probes fire?`);
      const outcome = await inFolder(runtime.exercise.file, (file) =>
        run(runtimeSubject(runtime, installation, file, facts.abi, host.env), bpftrace),
      );
      findings.push(...runtimeFindings(runtime, installation, facts.abi, outcome));
    }
  for (const found of facts.interpreters) {
    facts.progress?.(`${found.interpreter.id} ${found.version}: do its own probes fire?`);
    const { untried } = found.interpreter;
    const listed = interpreterSubject(found, host.env);
    const together: Subject = {
      ...listed,
      wanted: (probe, file) => listed.wanted(probe, file) && untried?.test(probe.name) !== true,
    };
    const outcome = await run(together, bpftrace);
    const { apart } = found.interpreter;
    const alone =
      apart && 'probes' in outcome && outcome.probes.some(({ name, count }) => count > 0 && apart.test(name))
        ? await run(
            { ...together, wanted: (probe, file) => together.wanted(probe, file) && apart.test(probe.name) },
            bpftrace,
          )
        : undefined;
    findings.push(...interpreterFindings(found, outcome, alone));
  }
  return findings;
}

/** A copy of the program in a folder of its own, for as long as it's needed. */
async function inFolder(source: string, use: (file: string) => Promise<Outcome>): Promise<Outcome> {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'polyprobe-check-'));
    const file = join(folder, basename(source));
    copyFileSync(source, file);
    return await use(file);
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function runtimeSubject(
  runtime: Runtime,
  { path }: Installation,
  file: string,
  abi: Abi,
  env: NodeJS.ProcessEnv,
): Subject {
  const plain = plainEnvironment(env);
  const provider = providerOf(runtime, abi);
  return {
    command: path,
    args: [...(runtime.exercise?.args ?? []), file],
    env: { ...plain, ...runtime.environment({ include: [file], functions: true }, plain) },
    wanted: (probe, file) => probe.provider === provider && isLibrary(file),
    awaits: {
      probe: 'runtime__hooks',
      argument: 2,
      // A probe's number is its place in the definition.
      bits: (probes) =>
        abi.probes.reduce(
          (bits, { name }, index) =>
            probes.some((probe) => probe.name === name) ? bits | (1n << BigInt(index)) : bits,
          0n,
        ),
    },
  };
}

const providerOf = (runtime: Runtime, abi: Abi): string =>
  abi.languages.find(({ id }) => id === runtime.id)?.provider ?? `polyprobe_${runtime.id}`;

/** How an interpreter's own probes are looked at; the runtimes' group uses it without a tracer. */
export function interpreterSubject({ interpreter, path }: Found, env: NodeJS.ProcessEnv): Subject {
  return {
    command: path,
    args: interpreter.exercise,
    env: plainEnvironment(env),
    wanted: (probe) => probe.provider === interpreter.provider,
  };
}

const names = (probes: readonly Counted[]): string => probes.map(({ name }) => name).join(', ');
const counts = (probes: readonly Counted[]): string => probes.map(({ name, count }) => `${name} (${count})`).join(', ');

function runtimeFindings(runtime: Runtime, { path, version }: Installation, abi: Abi, outcome: Outcome): Finding[] {
  const who = `${runtime.id} ${version ?? ''} (${path})`;
  const subject = `${runtime.id}@${path}`;
  if ('error' in outcome)
    return [
      warning(
        subject,
        `${who}: could not be tested: ${outcome.error}`,
        `see whether it runs: polyprobe run -- ${path} --version`,
      ),
    ];
  const provider = providerOf(runtime, abi);
  const served = abi.probes.filter((probe) => probe.runtimes[runtime.id]?.served === 'yes');
  const alive = outcome.probes.filter(({ count }) => count > 0);
  const dead = outcome.probes.filter(({ count }) => count === 0);
  const unlisted = served.filter(({ name }) => !outcome.probes.some((probe) => probe.name === name));
  return [
    ...(alive.length > 0
      ? [
          ok(
            subject,
            `${who}: ${alive.length} of ${outcome.probes.length} probes of ${provider} fire: ${counts(alive)}`,
          ),
        ]
      : []),
    ...(dead.length > 0
      ? [
          problem(
            `${subject}/dead`,
            `${who}: listed, but dead: ${names(dead)}`,
            'npm rebuild polyprobe; if they stay dead, report it with the output of: polyprobe check --json',
          ),
        ]
      : []),
    ...(unlisted.length > 0
      ? [
          problem(
            `${subject}/unlisted`,
            `${who}: the process lists no ${unlisted.map(({ name }) => name).join(', ')}`,
            'npm rebuild polyprobe',
          ),
        ]
      : []),
  ];
}

/** @param alone the probes that were tried once more by themselves */
function interpreterFindings(found: Found, outcome: Outcome, alone: Outcome | undefined): Finding[] {
  const { interpreter, path, version } = found;
  const who = `${interpreter.id} ${version} (${path})`;
  const subject = `${interpreter.id}@${path}`;
  const failed = [outcome, alone].find((one) => one !== undefined && 'error' in one);
  if (failed && 'error' in failed)
    return [
      note(
        subject,
        `${who}: its own probes could not be tested: ${failed.error}`,
        `see what it lists: polyprobe list ${path}`,
      ),
    ];
  if ('error' in outcome) return [];
  const solo = alone && 'probes' in alone ? alone.probes : [];
  const probes = outcome.probes.map((probe) => solo.find(({ name }) => name === probe.name) ?? probe);
  const alive = probes.filter(({ count }) => count > 0);
  // No probes of its own is nothing to report here: the runtimes' group says so.
  const findings: Finding[] =
    alive.length > 0 ? [ok(subject, `${who}: of its own probes these fire: ${counts(alive)}`)] : [];
  // Dead probes with the same advice are one finding.
  const dead = new Map<string, Counted[]>();
  for (const probe of probes.filter(({ count }) => count === 0)) {
    const advice = adviceFor(interpreter, probe.name);
    dead.set(advice, [...(dead.get(advice) ?? []), probe]);
  }
  for (const [advice, group] of dead) {
    const list = group.map(({ provider, name }) => `${provider}:${name}`).join(', ');
    findings.push(warning(`${subject}/dead/${group[0]!.name}`, `${who}: listed, but dead: ${list}`, advice));
  }
  return findings;
}
