/**
 * One exercise under a real tracer: starts a small program, attaches bpftrace to every probe in question of that process
 * alone, has the program do everything a few times, and counts.
 *
 * The program's protocol: it prints `ready`; for each line of input it does everything once and prints `done`; it ends with
 * its input. So it never outlives us, nor does bpftrace, which ends with the process it is attached to.
 *
 * Nothing is timed: bpftrace attaches everything before it reads its own output buffer, so the line that its BEGIN prints
 * says that all is attached. Limits of time are for what has gone wrong.
 */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { probesOfProcess, type ProcessFile, type ProcessProbe } from '../elf/process.js';

/** What is exercised. */
export interface Subject {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Which of the probes that the process has loaded are meant. */
  readonly wanted: (probe: ProcessProbe, file: ProcessFile) => boolean;
  /**
   * The probe whose argument says, in bits, which probes the program has made ready since the tracer came.
   * @returns the bits to wait for, with these probes listed
   */
  readonly awaits?: {
    readonly probe: string;
    readonly argument: number;
    readonly bits: (probes: readonly Listed[]) => bigint;
  };
}

/** One probe and how often it fired. */
export interface Counted {
  readonly provider: string;
  readonly name: string;
  /** The file that declares it, as the process sees it. */
  readonly path: string;
  readonly count: number;
}

/** What came of it. */
export type Outcome = { readonly probes: readonly Counted[] } | { readonly error: string };

/** A probe of a process, once for all its sites. */
export type Listed = Omit<Counted, 'count'>;

/* A tracer takes one to two seconds to start; on a machine that builds something else meanwhile, ten. */
const LIMIT_MS = 45_000;
/* A program that never says that it's ready is exercised all the same, and counts as it does. */
const READY_MS = 5_000;
/* More than one, so that what fires once in a while (a cache, a lazily made hook) has its chance. */
const ROUNDS = 3;

/** A process that speaks lines. */
class Speaker {
  readonly lines: string[] = [];
  stderr = '';
  over = false;
  private wakeups: (() => void)[] = [];
  private readonly ended: Promise<void>;

  constructor(
    readonly name: string,
    readonly process: ChildProcessWithoutNullStreams,
  ) {
    createInterface({ input: process.stdout }).on('line', (line) => this.wake(() => this.lines.push(line)));
    process.stderr.on('data', (data: Buffer) => (this.stderr = (this.stderr + data.toString()).slice(-4096)));
    // It may end while we write: its end is told by `close`.
    process.stdin.on('error', () => undefined);
    this.ended = new Promise((settle) => {
      const end = (): void => {
        this.wake(() => (this.over = true));
        settle();
      };
      process.on('close', end);
      process.on('error', (error) => {
        this.stderr += error.message;
        end();
      });
    });
  }

  private wake(change: () => void): void {
    change();
    for (const wakeup of this.wakeups.splice(0)) wakeup();
  }

  /** Waits for a line and takes it. @throws when the process ends first, or the time is over */
  async line(pattern: RegExp, deadline: AbortSignal): Promise<string> {
    for (;;) {
      const index = this.lines.findIndex((line) => pattern.test(line));
      if (index >= 0) return this.lines.splice(index, 1)[0]!;
      if (this.over) throw new Error(`${this.name} ended early: ${lastWords(this.stderr)}`);
      if (deadline.aborted) throw new Error(`${this.name} did not answer in time`);
      await new Promise<void>((settle) => {
        const wakeup = (): void => {
          deadline.removeEventListener('abort', wakeup);
          settle();
        };
        this.wakeups.push(wakeup);
        deadline.addEventListener('abort', wakeup);
      });
    }
  }

  /** Waits for its end; kills it when the time is over. */
  async end(deadline: AbortSignal): Promise<void> {
    const kill = (): void => void this.process.kill('SIGKILL');
    if (deadline.aborted) kill();
    deadline.addEventListener('abort', kill, { once: true });
    await this.ended;
    deadline.removeEventListener('abort', kill);
  }
}

/** The last line that isn't bpftrace's harmless one about a limit that it doesn't need. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.includes('RLIMIT_MEMLOCK'));
  return lines.at(-1)?.trim() ?? 'it said nothing';
}

/** The probes in question of a process, one entry for all sites of each. */
export function listed(pid: number, wanted: Subject['wanted']): Listed[] {
  const found = new Map<string, Listed>();
  for (const file of probesOfProcess(pid).files)
    for (const probe of file.probes)
      if (wanted(probe, file))
        found.set(`${file.path}\n${probe.provider}\n${probe.name}`, {
          provider: probe.provider,
          name: probe.name,
          path: file.path,
        });
  return [...found.values()];
}

/** A name may only be spelled in a script when bpftrace's grammar has it. */
const SPELLABLE = /^[\w./+@%~=-]+$/;

function script(probes: readonly Listed[], awaits: Subject['awaits']): string {
  const clauses = probes.map(({ path, provider, name }, index) => {
    const told = name === awaits?.probe ? `printf("bits %llu\\n", arg${awaits.argument}); ` : '';
    return `usdt:${path}:${provider}:${name} { ${told}@count[${index}] = count(); }`;
  });
  return ['BEGIN { printf("attached\\n"); }', ...clauses].join('\n');
}

async function start(subject: Subject, deadline: AbortSignal): Promise<Speaker> {
  const program = new Speaker(
    subject.command,
    spawn(subject.command, [...subject.args], { env: subject.env, stdio: 'pipe' }),
  );
  try {
    await program.line(/^ready$/, deadline);
  } catch (error) {
    program.process.kill('SIGKILL');
    await program.end(deadline);
    throw error;
  }
  return program;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Starts the program only to see which probes it has loaded. Needs neither root nor a tracer. Never throws. */
export async function look(
  subject: Subject,
  limitMs = LIMIT_MS,
): Promise<readonly Listed[] | { readonly error: string }> {
  const deadline = AbortSignal.timeout(limitMs);
  try {
    const program = await start(subject, deadline);
    try {
      return listed(program.process.pid!, subject.wanted);
    } finally {
      program.process.stdin.end();
      await program.end(deadline);
    }
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Counts. Never throws. */
export async function exercise(subject: Subject, bpftrace: string, limitMs = LIMIT_MS): Promise<Outcome> {
  const deadline = AbortSignal.timeout(limitMs);
  try {
    const program = await start(subject, deadline);
    try {
      const probes = listed(program.process.pid!, subject.wanted);
      const odd = probes.find(
        ({ path, provider, name }) => ![path, provider, name].every((part) => SPELLABLE.test(part)),
      );
      if (odd) return { error: `bpftrace can't spell the path ${odd.path}` };
      if (probes.length === 0) return { probes: [] };
      return { probes: await count(program, probes, subject, bpftrace, deadline) };
    } finally {
      program.process.stdin.end();
      await program.end(deadline);
    }
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Waits till the program has hooked what the tracer has armed, or for some seconds. */
async function hooked(tracer: Speaker, expected: bigint, deadline: AbortSignal): Promise<void> {
  const patience = AbortSignal.any([deadline, AbortSignal.timeout(READY_MS)]);
  for (;;) {
    try {
      const bits = BigInt((await tracer.line(/^bits \d+$/, patience)).slice('bits '.length));
      if ((bits & expected) === expected) return;
    } catch (error) {
      if (deadline.aborted || !patience.aborted) throw error;
      return;
    }
  }
}

async function count(
  program: Speaker,
  probes: readonly Listed[],
  { awaits }: Subject,
  bpftrace: string,
  deadline: AbortSignal,
): Promise<Counted[]> {
  const args = ['-B', 'line', '-p', String(program.process.pid), '-e', script(probes, awaits)];
  const tracer = new Speaker('bpftrace', spawn(bpftrace, args, { stdio: 'pipe' }));
  try {
    await tracer.line(/^attached$/, deadline);
    if (awaits) await hooked(tracer, awaits.bits(probes), deadline);
    for (let round = 0; round < ROUNDS; round++) {
      program.process.stdin.write('go\n');
      await program.line(/^done$/, deadline);
    }
    tracer.process.kill('SIGINT');
    await tracer.end(deadline);
    // No counts at all are right when nothing fired, and wrong when the tracer was killed.
    if (tracer.process.exitCode !== 0) throw new Error(`bpftrace failed: ${lastWords(tracer.stderr)}`);
    const counts = new Map(
      tracer.lines.flatMap((line) => {
        const match = /^@count\[(\d+)\]: (\d+)$/.exec(line);
        return match ? [[Number(match[1]), Number(match[2])] as const] : [];
      }),
    );
    return probes.map((probe, index) => ({ ...probe, count: counts.get(index) ?? 0 }));
  } finally {
    tracer.process.kill('SIGKILL');
    await tracer.end(deadline);
  }
}
