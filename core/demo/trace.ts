/**
 * The tracing of the shop: the tools `calls`, `gc` and `exceptions` as everybody has them, and one of the demo's own
 * (demo.bt), which joins requests with the kernel's events of the same process. Called by main.ts.
 */
import { view } from '../tracer/present.js';
import type { Results, Stats } from '../tracer/results.js';
import { loadTool } from '../tracer/script.js';
import { Session, type Summary } from '../tracer/session.js';
import { APP } from './shop.js';

/** One request, as the trace has it. */
export interface TracedRequest {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly ns: number;
  readonly bytes: number;
  /** It didn't end as it should: the client went away. */
  readonly failed: boolean;
}

/** Rows of the tools, as `polyprobe trace --json` has them. */
export interface TracedFunction {
  readonly scope: string;
  readonly function: string;
  readonly calls: number;
  readonly own_ns: number;
}
export interface TracedCollections {
  readonly kind: string;
  readonly count: number;
  readonly total_ns: number;
  readonly longest_ns: number;
  readonly freed_bytes: number;
}
export interface TracedException {
  readonly class: string;
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly count: number;
}

/** Everything that was traced. */
export interface Trace {
  readonly requests: readonly TracedRequest[];
  /** Requests that started: more than ended, when some are under way. */
  readonly started: number;
  readonly functions: readonly TracedFunction[];
  readonly collections: readonly TracedCollections[];
  readonly exceptions: readonly TracedException[];
  readonly disk: {
    readonly flushes: number;
    readonly bytes: number;
    readonly flushNs: number;
    readonly longestNs: number;
  };
  readonly seconds: number;
  /** Events that no tracer could take: the counts above are too low by them. */
  readonly lost: number;
}

const TOOLS = ['calls', 'gc', 'exceptions'] as const;
type ToolName = (typeof TOOLS)[number];

/** Four tracers on one process. */
export class Tracing {
  readonly #sessions: readonly Session[];
  readonly #requests: TracedRequest[] = [];

  /** @throws TracerError */
  constructor(pid: number) {
    const own = loadTool('demo', APP);
    const sessions: Session[] = [];
    try {
      for (const name of TOOLS) sessions.push(new Session({ tool: loadTool(name), pids: [pid] }));
      sessions.push(
        new Session({
          tool: { ...own, text: own.text.replaceAll('PROCESS', String(pid)) },
          pids: [pid],
          onText: (line) => this.#requests.push(parseRequest(line)),
        }),
      );
    } catch (error) {
      for (const session of sessions) session.kill();
      throw error;
    }
    this.#sessions = sessions;
  }

  /** Settles when all are attached. */
  async ready(): Promise<void> {
    await Promise.all(this.#sessions.map((session) => session.ready));
  }

  /** Ends them and gives what they saw. */
  async stop(): Promise<Trace> {
    const summaries = await Promise.all(this.#sessions.map((session) => session.stop()));
    for (const { failures } of summaries) if (failures[0]) throw failures[0];
    const value = (name: ToolName): Readonly<Record<string, unknown>> =>
      view(name, summaries[TOOLS.indexOf(name)]!.results, { top: Number.POSITIVE_INFINITY }).value;
    const { results, seconds } = summaries.at(-1)!;
    return {
      requests: this.#requests,
      started: results.total('@requests'),
      functions: value('calls')['functions'] as TracedFunction[],
      collections: value('gc')['collections'] as TracedCollections[],
      exceptions: value('exceptions')['exceptions'] as TracedException[],
      disk: disk(results),
      seconds,
      lost: summaries.reduce((sum, summary) => sum + lost(summary), 0),
    };
  }

  /** Ends them at once. */
  kill(): void {
    for (const session of this.#sessions) session.kill();
  }
}

const lost = ({ lostEvents, fullMaps }: Summary): number => lostEvents + fullMaps;

function parseRequest(line: string): TracedRequest {
  const [status, ns, bytes, failed, method, target] = line.trimEnd().split(' ');
  return {
    ...{ method: method ?? '', target: target ?? '', status: Number(status), ns: Number(ns), bytes: Number(bytes) },
    failed: failed !== '0',
  };
}

/** Only what was flushed is a file for certain: other descriptors may be sockets. */
function disk(results: Results): Trace['disk'] {
  let [flushes, bytes] = [0, 0];
  const written = new Map(results.numbers('@written_bytes'));
  for (const [fd, n] of results.numbers('@flushes')) {
    flushes += n;
    bytes += written.get(fd) ?? 0;
  }
  const [stats] = [...results.entries('@flush_ns')].map(([, each]) => each as Stats);
  return { flushes, bytes, flushNs: stats?.total ?? 0, longestNs: results.total('@longest_flush_ns') };
}
