/**
 * Live tools: their lines in order, and as JSON.
 *
 * Each CPU has a buffer of its own, and bpftrace empties one after the other, so a thread that moved can be printed
 * wrongly ordered. Lines that begin with a time of day are therefore held for a moment and sorted. Called by
 * core/cli/trace.ts.
 */
import { abi } from '../abi/probes.js';

/** Longer than bpftrace takes to go round all buffers, shorter than a person notices. */
const HOLD_MS = 200;
const TIMED = /^\d\d:\d\d:\d\d\.\d{6}/;
/** Two times of day further apart than this lie on two sides of midnight. */
const HALF_A_DAY = '12:00:00.000000';

/** Puts lines in order and hands them on. */
export class Ordered {
  #held: string[] = [];
  #older: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #rest = '';

  constructor(readonly onLine: (line: string) => void) {}

  /** Takes one printf. What ends with a line feed is one line: those inside it came with a traced text. */
  add(text: string): void {
    this.#rest += text;
    if (!text.endsWith('\n')) return;
    const line = this.#rest.slice(0, -1);
    this.#rest = '';
    if (!TIMED.test(line)) return this.onLine(line);
    this.#held.push(line);
    this.#timer ??= setTimeout(() => this.#turn(), HOLD_MS);
  }

  /** What has been held for a whole turn goes out, unless something as old has come since. */
  #turn(): void {
    this.#timer = undefined;
    const last = this.#older.length === 0 ? '' : this.#older.at(-1)!.slice(0, HALF_A_DAY.length);
    const merged = sortLines([...this.#older, ...this.#held]);
    const out = this.#older.length === 0 ? 0 : merged.findLastIndex((line) => line.startsWith(last)) + 1;
    for (const line of merged.slice(0, out)) this.onLine(line);
    this.#older = merged.slice(out);
    this.#held = [];
    if (this.#older.length > 0) this.#timer = setTimeout(() => this.#turn(), HOLD_MS);
  }

  /** Hands on everything. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const line of sortLines([...this.#older, ...this.#held])) this.onLine(line);
    this.#older = [];
    this.#held = [];
    if (this.#rest !== '') this.onLine(this.#rest);
    this.#rest = '';
  }
}

/** By their times; lines of one time stay as they came. */
export function sortLines(lines: readonly string[]): string[] {
  const time = (line: string): string => line.slice(0, HALF_A_DAY.length);
  const midnight = lines.some((line) => time(line) < '01') && lines.some((line) => time(line) > '23');
  const key = (line: string): string => (midnight && time(line) < HALF_A_DAY ? `+${time(line)}` : ` ${time(line)}`);
  // Array.sort keeps the order of equals; ' ' sorts before '+'.
  return [...lines].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

const FLOW = /^(?<time>\S+) +(?<pid>\d+) +(?<tid>\d+) +(?<depth>\d+) +(?<sign>->|=>|<-|<=|<!) (?<rest>.*)$/s;
const SIGNS: Readonly<Record<string, string>> = {
  '->': 'call',
  '=>': 'resume',
  '<-': 'return',
  '<=': 'suspend',
  '<!': 'unwind',
};

/** A line of a tool as an object; undefined for a heading. */
export function parseLine(tool: string, line: string): Record<string, unknown> | undefined {
  if (tool === 'flow') return parseFlow(line);
  if (tool === 'events') return parseEvent(line);
  return { text: line };
}

function parseFlow(line: string): Record<string, unknown> | undefined {
  const groups = FLOW.exec(line)?.groups;
  if (!groups) return undefined;
  const { time, pid, tid, depth, sign, rest } = groups as Record<string, string>;
  const common = { time, pid: Number(pid), tid: Number(tid), depth: Number(depth), event: SIGNS[sign!] };
  if (sign!.startsWith('<')) {
    const taken = /^(.*) (\d+) us$/s.exec(rest!);
    return { ...common, function: taken?.[1] ?? rest, us: taken ? Number(taken[2]) : null };
  }
  // A function's name may have spaces, a path too: the path starts at the first slash behind a space.
  const place = /^(.*?) ((?:\/|\w+:\/).*|\S*):(\d+)$/s.exec(rest!);
  return { ...common, function: place?.[1] ?? rest, file: place?.[2] ?? '', line: Number(place?.[3] ?? 0) };
}

/** By the definition's own names, in their order, because texts may hold quotes and blanks. */
function parseEvent(line: string): Record<string, unknown> | undefined {
  const head = /^(\d+) +(\w+) /.exec(line);
  const probe = abi.probes.find(({ name }) => name === head?.[2]);
  if (!head || !probe) return undefined;
  const pattern = probe.args.map(({ name, type }) => `${name}=${type === 'string' ? "'(.*?)'" : '(\\S+)'}`).join(' ');
  const values = new RegExp(`^${pattern}$`, 's').exec(line.slice(head[0].length));
  if (!values) return { text: line };
  const args = probe.args.map(({ name, type }, i) => {
    const value = values[i + 1]!;
    // Ids have 64 bits and are printed in hexadecimal: as texts they stay exact.
    return [name, type === 'string' || name.includes('_id') ? value : Number(value)] as const;
  });
  return { pid: Number(head[1]), probe: probe.name, ...Object.fromEntries(args) };
}
