/** What was traced, in words and tables, and whether it agrees with what the others counted. Called by main.ts. */
import { colours, table } from '../cli/output.js';
import { count, mib, ms, percent } from '../tracer/units.js';
import { routeOf, type Answers } from './load.js';
import type { Trace, TracedRequest } from './trace.js';

/** Functions to show. */
const FUNCTIONS = 8;

/** What is known of a run besides its trace. */
export interface Known {
  readonly untraced: Answers;
  readonly traced: Answers;
  /** What the shop says that it has served while it was traced. */
  readonly shopRequests: number;
  readonly shopOrders: number;
  /** By how much the file of orders has grown meanwhile. */
  readonly orderBytes: number;
}

/** The value below which a share of the sorted values lies. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

function groups<T>(items: readonly T[], key: (item: T) => string): [key: string, items: T[]][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    const group = found.get(name);
    if (group) group.push(item);
    else found.set(name, [item]);
  }
  return [...found];
}

function requestsTable(requests: readonly TracedRequest[]): string {
  const rows = groups(requests, ({ method, target }) => routeOf(method, target))
    .map(([route, group]) => {
      const times = group.map(({ ns }) => ns).sort((a, b) => a - b);
      const statuses = groups(group, ({ status }) => String(status)).map(
        ([status, of]) => `${status}: ${count(of.length)}`,
      );
      const at = (share: number): string => ms(quantile(times, share));
      return [route, count(group.length), at(0.5), at(0.95), at(0.99), statuses.sort().join(', ')];
    })
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return aligned(['REQUESTS', 'COUNT', 'p50 ms', 'p95 ms', 'p99 ms', 'STATUS'], rows, [1, 2, 3, 4]);
}

function functionsTable({ functions, seconds }: Trace): string {
  const all = functions.reduce((sum, { own_ns: own }) => sum + own, 0);
  const rows = functions
    .slice(0, FUNCTIONS)
    .map((row) => [
      `${row.scope}.${row.function}`,
      count(row.calls),
      ms(row.own_ns),
      percent(row.own_ns, all),
      percent(row.own_ns, seconds * 1e9),
    ]);
  return aligned(['HOTTEST FUNCTIONS', 'CALLS', 'OWN ms', 'OF ALL', 'OF A CORE'], rows, [1, 2, 3, 4]);
}

function collectionsTable({ collections }: Trace): string {
  const rows = collections.map((row) => [
    row.kind,
    count(row.count),
    ms(row.total_ns),
    ms(row.longest_ns),
    mib(row.freed_bytes),
  ]);
  return aligned(['GC PAUSES', 'COUNT', 'TOTAL ms', 'LONGEST ms', 'FREED MiB'], rows, [1, 2, 3, 4]);
}

function exceptionsTable({ exceptions }: Trace): string {
  const rows = exceptions.map((row) => [
    `${row.class}: ${row.message}`,
    count(row.count),
    `${row.file.split('/').slice(-2).join('/')}:${row.line}`,
  ]);
  return aligned(['EXCEPTIONS', 'COUNT', 'THROWN AT'], rows, [1]);
}

/** Numbers are texts by now, so they are aligned here. */
function aligned(head: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string {
  if (rows.length === 0) return `${head[0]}: none\n`;
  const all = [head, ...rows].map((row) => [...row]);
  for (const column of right) {
    const width = Math.max(...all.map((row) => row[column]!.length));
    for (const row of all) row[column] = row[column]!.padStart(width);
  }
  return table(all[0]!, all.slice(1));
}

function diskLine({ disk: { flushes, bytes, flushNs, longestNs } }: Trace): string {
  if (flushes === 0) return 'DISK: nothing was flushed\n';
  const mean = ms(flushNs / flushes);
  return `DISK  ${count(bytes)} bytes written, ${count(flushes)} times flushed, ${mean} ms each, ${ms(longestNs)} ms the longest\n`;
}

const rate = ({ total, seconds }: Answers): number => total / seconds;

function costLine({ untraced, traced }: Known): string {
  const [before, now] = [rate(untraced), rate(traced)];
  return `COST  ${count(before)} requests a second before, ${count(now)} while everything was traced; the times above include it\n`;
}

/** One thing that two sides have counted, each by itself. */
interface Check {
  readonly traced: number;
  readonly what: string;
  readonly known: number;
  readonly by: string;
}

function checks(trace: Trace, { traced, shopRequests, shopOrders, orderBytes }: Known): Check[] {
  const statusOf = (request: TracedRequest): string => `${routeOf(request.method, request.target)} ${request.status}`;
  const seen = new Map(groups(trace.requests, statusOf).map(([key, { length }]) => [key, length]));
  const alike = [...traced.byRoute].filter(([key, n]) => seen.get(key) === n).length;
  const errors = [...traced.byRoute].reduce((sum, [key, n]) => sum + (/ [45]\d\d$/.test(key) ? n : 0), 0);
  const thrown = trace.exceptions.reduce((sum, { count: n }) => sum + n, 0);
  const { length } = trace.requests;
  return [
    { traced: length, what: 'requests', known: traced.total, by: 'answers received by the load' },
    {
      traced: alike,
      what: 'routes and statuses with the same count',
      known: traced.byRoute.size,
      by: 'received by the load',
    },
    { traced: length, what: 'requests', known: shopRequests, by: 'served, says the shop' },
    { traced: thrown, what: 'exceptions', known: errors, by: 'answers with an error status' },
    { traced: trace.disk.flushes, what: 'flushes to disk', known: shopOrders, by: 'orders, says the shop' },
    { traced: trace.disk.bytes, what: 'bytes written', known: orderBytes, by: 'bytes in the file of orders' },
  ];
}

/** Says for each whether both sides agree. */
function checksText(all: readonly Check[], lost: number): { text: string; agree: boolean } {
  const { green, red, bold } = colours();
  const width = (of: (check: Check) => string): number => Math.max(...all.map((check) => of(check).length));
  const left = ({ traced, what }: Check): string => `${count(traced)} ${what}`;
  const lines = all.map((check) => {
    const mark = check.traced === check.known ? green('equal ') : red('DIFFER');
    return `  ${mark}  ${left(check).padEnd(width(left))}  ${count(check.known)} ${check.by}`;
  });
  if (lost > 0) lines.push(red(`  ${count(lost)} events were lost: they came faster than they could be taken`));
  const agree = lost === 0 && all.every(({ traced, known }) => traced === known);
  return { text: `${bold('DO THE COUNTS AGREE?')}  traced, and counted without us\n${lines.join('\n')}\n`, agree };
}

/** @returns the whole summary, and whether the trace agrees with everybody else */
export function summary(trace: Trace, known: Known): { text: string; agree: boolean } {
  const { text, agree } = checksText(checks(trace, known), trace.lost);
  const parts = [
    requestsTable(trace.requests),
    functionsTable(trace),
    collectionsTable(trace),
    exceptionsTable(trace),
    diskLine(trace) + costLine(known),
    text,
  ];
  return { text: parts.join('\n'), agree };
}
