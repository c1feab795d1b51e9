/**
 * What an aggregating tool found, as rows for a table and as data for JSON. One view for each tool that has its own; any
 * other file in tools/ is shown map by map.
 *
 * Owns the meaning of the tools' maps, as their own comments tell it. Prints nothing. Called by core/cli/trace.ts.
 */
import { mergeBars, split, type Bar, type Results, type Stats } from './results.js';
import { count, edge, mib, ms, percent, us } from './units.js';

/** Columns with their alignment, and rows of texts. */
export interface Table {
  readonly head: readonly string[];
  /** Which columns hold numbers. */
  readonly right: readonly boolean[];
  readonly rows: readonly (readonly string[])[];
}

/** What to show. */
export interface View {
  readonly tables: readonly Table[];
  /** Drawn after the tables. */
  readonly charts: readonly { readonly title: string; readonly bars: readonly Bar[] }[];
  /** For JSON: units are in the names, numbers are raw. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Rows that `top` left out of the tables. */
  readonly more: number;
}

/** How to show it. */
export interface ViewOptions {
  /** Rows at most. */
  readonly top: number;
}

type Shown = Omit<View, 'charts' | 'more'> & Partial<View>;

/** One column of a table: what it is called, how a row's value reads, and whether that is a number. */
type Column<Row> = readonly [head: string, text: (row: Row) => string, align?: 'right'];

function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): Table {
  return {
    head: columns.map(([head]) => head),
    right: columns.map(([, , align]) => align === 'right'),
    rows: rows.map((row) => columns.map(([, text]) => text(row))),
  };
}

/** Finds or makes an entry. */
function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}

const place = (file: string, line: number): string => (file === '' ? '' : line > 0 ? `${file}:${line}` : file);
const qualified = (scope: string, name: string): string => (scope === '' ? name : `${scope}.${name}`);

function calls(results: Results, top: number): Shown {
  const texts = new Map(results.entries('@text') as Iterable<[string, string]>);
  interface Row {
    readonly language: string;
    readonly scope: string;
    readonly function: string;
    readonly file: string;
    readonly line: number;
    calls: number;
    own_ns: number;
    inclusive_ns: number;
    readonly pids: number[];
  }
  const rows = new Map<string, Row>();
  const byId = new Map<string, Row>();
  for (const [key, value] of results.entries('@function')) {
    const [pid, id, probe] = split(key, 2) as [string, string, string];
    const [scope, name, file, line] = value as [number, number, number, number];
    const text = (address: number): string => texts.get(`${pid},${address}`) ?? '?';
    const language = /:polyprobe_(\w+):[^:]*$/.exec(probe)?.[1] ?? '?';
    const names = [language, text(scope), text(name), text(file), line] as const;
    const row = entry(rows, names.join('\0'), () => ({
      ...{ language, scope: names[1], function: names[2], file: names[3], line },
      ...{ calls: 0, own_ns: 0, inclusive_ns: 0, pids: [] },
    }));
    if (!row.pids.includes(Number(pid))) row.pids.push(Number(pid));
    byId.set(`${pid},${id}`, row);
  }
  for (const [key, n] of results.numbers('@calls')) add(byId.get(key), 'calls', n);
  for (const [key, n] of results.numbers('@own_ns')) add(byId.get(key), 'own_ns', n);
  for (const [key, n] of results.numbers('@inclusive_ns')) add(byId.get(key), 'inclusive_ns', n);
  function add(row: Row | undefined, field: 'calls' | 'own_ns' | 'inclusive_ns', n: number): void {
    if (row) row[field] += n;
  }
  const sorted = [...rows.values()].sort((a, b) => b.own_ns - a.own_ns || b.calls - a.calls);
  const all = sorted.reduce((sum, row) => sum + row.own_ns, 0);
  const shown = sorted.slice(0, top);
  return {
    tables: [
      table<Row>(shown, [
        ['CALLS', (row) => count(row.calls), 'right'],
        ['OWN ms', (row) => ms(row.own_ns), 'right'],
        ['OWN', (row) => percent(row.own_ns, all), 'right'],
        ['INCLUSIVE ms', (row) => ms(row.inclusive_ns), 'right'],
        ['us/CALL', (row) => (row.calls > 0 ? us(row.inclusive_ns / row.calls) : '-'), 'right'],
        ['LANGUAGE', (row) => row.language],
        ['FUNCTION', (row) => qualified(row.scope, row.function)],
        ['PLACE', (row) => place(row.file, row.line)],
      ]),
    ],
    value: { functions: shown, unpaired_returns: results.total('@unpaired') },
    more: sorted.length - shown.length,
  };
}

function gc(results: Results, top: number): Shown {
  const map = (name: string): Map<string, number> => new Map(results.numbers(name));
  const [longest, before, after] = [map('@longest_ns'), map('@heap_before_bytes'), map('@heap_after_bytes')];
  const [sumBefore, sumAfter] = [map('@heap_before_sum'), map('@heap_after_sum')];
  const histograms = new Map(results.entries('@pause_us') as Iterable<[string, Bar[]]>);
  const rows = [...(results.entries('@pause_ns') as Iterable<[string, Stats]>)].map(([key, stats]) => {
    const [pid, kind] = split(key, 1) as [string, string];
    return {
      ...{ pid: Number(pid), kind, count: stats.count, total_ns: stats.total, longest_ns: longest.get(key) ?? 0 },
      heap_before_mean_bytes: before.get(key) ?? 0,
      heap_after_mean_bytes: after.get(key) ?? 0,
      freed_bytes: (sumBefore.get(key) ?? 0) - (sumAfter.get(key) ?? 0),
      pause_us: histograms.get(key) ?? [],
    };
  });
  rows.sort((a, b) => b.total_ns - a.total_ns);
  const kinds = new Map<string, Bar[]>();
  for (const row of rows) kinds.set(row.kind, mergeBars(kinds.get(row.kind) ?? [], row.pause_us));
  const shown = rows.slice(0, top);
  return {
    tables: [
      table<(typeof rows)[number]>(shown, [
        ['PID', (row) => String(row.pid), 'right'],
        ['KIND', (row) => row.kind],
        ['COUNT', (row) => count(row.count), 'right'],
        ['TOTAL ms', (row) => ms(row.total_ns), 'right'],
        ['MEAN ms', (row) => ms(row.total_ns / row.count), 'right'],
        ['LONGEST ms', (row) => ms(row.longest_ns), 'right'],
        ['HEAP BEFORE MiB', (row) => mib(row.heap_before_mean_bytes), 'right'],
        ['AFTER MiB', (row) => mib(row.heap_after_mean_bytes), 'right'],
        ['FREED MiB', (row) => mib(row.freed_bytes), 'right'],
      ]),
    ],
    charts: [...kinds].map(([kind, bars]) => ({ title: `${kind} pauses`, bars })),
    value: { collections: shown },
    more: rows.length - shown.length,
  };
}

function requests(results: Results, top: number): Shown {
  interface Row {
    readonly method: string;
    readonly target: string;
    count: number;
    total_ns: number;
    sent_bytes: number;
    errors: number;
    readonly status: Record<string, number>;
    latency_us: Bar[];
  }
  const rows = new Map<string, Row>();
  const row = (method: string, target: string): Row =>
    entry(rows, `${method} ${target}`, () => ({
      ...{ method, target, count: 0, total_ns: 0, sent_bytes: 0, errors: 0, status: {}, latency_us: [] },
    }));
  const named = (key: string): Row => {
    const [, method, target] = split(key, 2) as [string, string, string];
    return row(method, target);
  };
  for (const [key, stats] of results.entries('@request_ns') as Iterable<[string, Stats]>) {
    named(key).count += stats.count;
    named(key).total_ns += stats.total;
  }
  for (const [key, bars] of results.entries('@request_us') as Iterable<[string, Bar[]]>)
    named(key).latency_us = mergeBars(named(key).latency_us, bars);
  for (const [key, n] of results.numbers('@sent_bytes')) named(key).sent_bytes += n;
  for (const [key, n] of results.numbers('@errors')) named(key).errors += n;
  for (const [key, n] of results.numbers('@status')) {
    const [status, , method, target] = split(key, 3) as [string, string, string, string];
    const { status: by } = row(method, target);
    by[status] = (by[status] ?? 0) + n;
  }
  const sorted = [...rows.values()].sort((a, b) => b.total_ns - a.total_ns || b.count - a.count);
  const shown = sorted.slice(0, top);
  return {
    tables: [
      table<Row>(shown, [
        ['COUNT', (each) => count(each.count), 'right'],
        ['TOTAL ms', (each) => ms(each.total_ns), 'right'],
        ['MEAN ms', (each) => ms(each.total_ns / each.count), 'right'],
        ['SENT bytes', (each) => count(each.sent_bytes), 'right'],
        ['ERRORS', (each) => count(each.errors), 'right'],
        [
          'STATUS',
          (each) =>
            Object.entries(each.status)
              .map(([status, n]) => `${status}: ${count(n)}`)
              .join(', '),
        ],
        ['METHOD', (each) => each.method],
        ['TARGET', (each) => each.target],
      ]),
    ],
    charts: shown.map((each) => ({ title: `${each.method} ${each.target}`, bars: each.latency_us })),
    value: { requests: shown },
    more: sorted.length - shown.length,
  };
}

function exceptions(results: Results, top: number): Shown {
  const texts = new Map(results.entries('@text') as Iterable<[string, string]>);
  interface Row {
    readonly class: string;
    readonly message: string;
    readonly function: string;
    readonly file: string;
    readonly line: number;
    count: number;
  }
  const rows = new Map<string, Row>();
  for (const [key, n] of results.numbers('@thrown')) {
    // A class may be called anything, but three numbers in a row are the line and the two addresses.
    const match = /^(\d+),(.*?),(\d+),(\d+),(\d+),(.*)$/s.exec(key);
    if (!match) continue;
    const [, pid, name, line, fn, file, message] = match as unknown as string[];
    const text = (address: string): string => texts.get(`${pid},${address}`) ?? '?';
    const row = entry(rows, [name, line, text(fn!), text(file!), message].join('\0'), () => ({
      ...{ class: name!, message: message!, function: text(fn!), file: text(file!), line: Number(line), count: 0 },
    }));
    row.count += n;
  }
  const sorted = [...rows.values()].sort((a, b) => b.count - a.count);
  const shown = sorted.slice(0, top);
  return {
    tables: [
      table<Row>(shown, [
        ['COUNT', (row) => count(row.count), 'right'],
        ['CLASS', (row) => row.class],
        ['MESSAGE', (row) => row.message],
        ['FUNCTION', (row) => row.function],
        ['PLACE', (row) => place(row.file, row.line)],
      ]),
    ],
    value: { exceptions: shown },
    more: sorted.length - shown.length,
  };
}

/** Any other tool: each map as it is. */
function maps(results: Results, top: number): Shown {
  const names = results.names();
  const all = names.map((name) => [...results.entries(name)]);
  const text = (value: unknown): string => (typeof value === 'number' ? count(value) : JSON.stringify(value));
  return {
    tables: names.map((name, i) =>
      table<[string, unknown]>(all[i]!.slice(0, top), [
        [name.toUpperCase(), ([, value]) => text(value), 'right'],
        ['KEY', ([key]) => key],
      ]),
    ),
    value: Object.fromEntries(
      names.map((name, i) => [name.replace('@', ''), Object.fromEntries(all[i]!.slice(0, top))]),
    ),
  };
}

const VIEWS: Readonly<Record<string, (results: Results, top: number) => Shown>> = { calls, gc, requests, exceptions };

/** What a tool found. */
export function view(tool: string, results: Results, { top }: ViewOptions): View {
  return { charts: [], more: 0, ...(VIEWS[tool] ?? maps)(results, top) };
}

const BAR = 40;

/** A histogram of microseconds, drawn with the bars between the first and the last that aren't empty. */
export function chart(title: string, bars: readonly Bar[]): string {
  const filled = bars.map(({ count: n }) => n > 0);
  const shown = bars.slice(filled.indexOf(true), filled.lastIndexOf(true) + 1);
  const most = Math.max(...shown.map(({ count: n }) => n));
  const lines = shown.map(({ min = 0, max, count: n }) => ({
    label: max === undefined ? `${edge(min)} and more` : `${edge(min)} to ${edge(max + 1)}`,
    n: count(n),
    bar: '█'.repeat(Math.max(Math.round((BAR * n) / most), n > 0 ? 1 : 0)),
  }));
  const labels = Math.max(...lines.map(({ label }) => label.length));
  const numbers = Math.max(...lines.map(({ n }) => n.length));
  return [
    title,
    ...lines.map(({ label, n, bar }) => `  ${label.padEnd(labels)}  ${n.padStart(numbers)}  ${bar}`),
    '',
  ].join('\n');
}
