/** `polyprobe trace`: runs a tool on the programs of this machine and shows what it found. */
import type { Command } from 'commander';
import { Ordered, parseLine } from '../tracer/live.js';
import { chart, view, type Table } from '../tracer/present.js';
import { loadTool, type Tool } from '../tracer/script.js';
import { Session, type Summary } from '../tracer/session.js';
import { count } from '../tracer/units.js';
import { EXIT_FAILED } from './errors.js';
import { escapeText } from '../elf/text.js';
import { action, json, print, remark, table } from './output.js';
import { parseCount, parsePids, parseSeconds } from './numbers.js';
import { tracing } from './trace-errors.js';

const HELP = `
'polyprobe script' lists the tools. Live ones (flow, events) print each event as it happens; the others print a table
at the end: on Ctrl-C, after --seconds, or when the processes of -p have ended. A second Ctrl-C quits without a result.

Without -p every program on this machine that has loaded polyprobe is traced, in all languages, containers included,
and those that start meanwhile. All of them are slowed down while it runs; with one -p, that process alone.

Numbers in tables have their unit in the heading. JSON has raw numbers, with the unit in the name: one document at the
end, or one object a line for live tools. Texts are cut at 63 to 199 bytes, as the kernel gives a tool little room.

If events come faster than they can be taken, or there are more different functions than --keys, that is said at the
end, and the counts are too low.

Needs root and bpftrace. Exit status: 0, also after Ctrl-C; 1 if it can't trace or lost its results, 2 for a wrong
command line, 77 without root, 130 after a second Ctrl-C.

Examples:
  sudo polyprobe trace calls -p 4711 --seconds 10
  sudo polyprobe trace flow -p 4711 | head -100
  sudo polyprobe trace requests --seconds 60 --json > requests.json`;

interface Flags {
  readonly pid?: number[];
  readonly children?: boolean;
  readonly seconds?: number;
  readonly top?: number;
  readonly keys?: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/* What fits a screen with the command line above it. */
const TOP = 20;

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('trace')
    .description('trace running programs with one of the tools')
    .argument('<tool>', "name of a tool, see 'polyprobe script'")
    .option('-p, --pid <pid>', 'only this process; may be repeated', parsePids)
    .option('--children', 'of -p: the processes that it started and will start, too')
    .option('--seconds <n>', 'end by itself after this time', parseSeconds)
    .option('--top <n>', `rows to show; default: ${TOP} in tables, all in JSON`, parseCount(1_000_000))
    .option('--keys <n>', 'different functions, open calls, … to have room for; default: 32768', parseCount(4_000_000))
    .option('--json', 'print JSON')
    .option('-v, --verbose', 'say on standard error when it is attached, and to what')
    .addHelpText('after', HELP)
    .action(action((tool: string, flags: Flags) => tracing(() => trace(loadTool(tool), flags))));
}

async function trace(tool: Tool, flags: Flags): Promise<void> {
  const lines = new Ordered((line) => printLine(tool, line, flags));
  const progress = new Progress(tool);
  const session = new Session({
    tool,
    pids: flags.pid ?? [],
    children: flags.children === true,
    mapKeys: flags.keys,
    onText: (text) => {
      if (tool.live) lines.add(text);
    },
    onRemark: (text) => {
      progress.clear();
      if (flags.verbose) remark(text);
    },
  });
  // From here on nothing may end us without our bpftraces being ended first.
  const asked = interrupted(session, progress);
  await Promise.race([session.ready, asked.promise]);
  if (flags.verbose) remark(`attached to ${session.copies.map(({ origin }) => origin).join(', ')}`);
  progress.start();
  const timer = new Promise<void>((resolve) => {
    if (flags.seconds !== undefined) setTimeout(resolve, flags.seconds * 1000).unref();
  });
  await Promise.race([session.over, asked.promise, timer]);
  progress.clear();
  const summary = await session.stop();
  asked.forget();
  lines.flush();
  if (!tool.live) show(tool, summary, flags);
  complain(summary, flags);
}

/** The first signal asks for the results, the second for nothing more. */
function interrupted(session: Session, progress: Progress): { promise: Promise<void>; forget: () => void } {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let times = 0;
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  const handler = (): void => {
    progress.clear();
    if (++times === 1) return resolve();
    session.kill();
    process.exit(130);
  };
  for (const signal of signals) process.on(signal, handler);
  return { promise, forget: () => signals.forEach((signal) => process.removeListener(signal, handler)) };
}

function printLine(tool: Tool, line: string, flags: Flags): void {
  if (!flags.json) return print(`${escapeText(line)}\n`);
  const value = parseLine(tool.name, line);
  // On one line each; escapeText would escape what JSON has escaped.
  if (value) print(`${JSON.stringify(value).replace(/[\u007f-\u009f\u2028\u2029]/g, unicode)}\n`);
}

const unicode = (c: string): string => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;

function show(tool: Tool, summary: Summary, flags: Flags): void {
  const { results, lostEvents, fullMaps, seconds } = summary;
  const top = flags.top ?? (flags.json ? Number.POSITIVE_INFINITY : TOP);
  const { tables, charts, value, more } = view(tool.name, results, { top });
  if (flags.json) {
    print(json({ tool: tool.name, seconds, ...value, lost: { events: lostEvents, map_entries: fullMaps } }));
    return;
  }
  const filled = tables.filter(({ rows }) => rows.length > 0);
  if (filled.length === 0) return remark('nothing was traced');
  print(filled.map(drawn).join('\n'));
  for (const { title, bars } of charts)
    if (bars.length > 0) print(`\n${escapeText(chart(title, bars)).replaceAll('\\n', '\n')}`);
  if (more > 0) remark(`${count(more)} more; --top shows more rows`);
}

/** Numbers are texts by now, so they are aligned here. */
function drawn({ head, right, rows }: Table): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell));
  for (const [column, toTheRight] of right.entries()) {
    if (!toTheRight) continue;
    const width = Math.max(...all.map((row) => row[column]!.length));
    for (const row of all) row[column] = row[column]!.padStart(width);
  }
  return table(all[0]!, all.slice(1));
}

/** What makes the result less than whole. */
function complain({ lostEvents, fullMaps, failures }: Summary, flags: Flags): void {
  if (lostEvents > 0) remark(`${count(lostEvents)} events were lost: they came faster than they could be written`);
  if (fullMaps > 0) {
    const keys = count(flags.keys ?? 32_768);
    remark(
      `${count(fullMaps)} entries did not fit, so counts are too low: there is room for ${keys}, --keys gives more`,
    );
  }
  for (const { what, expected } of failures) remark(`${what}; expected: ${expected}`);
  if (failures.length > 0) process.exitCode = EXIT_FAILED;
}

/** One line on a terminal that says that it runs, and since when. */
class Progress {
  #timer: NodeJS.Timeout | undefined;
  #shown = false;
  constructor(readonly tool: Tool) {}

  start(): void {
    // A live tool's own lines say as much, and would run into this one.
    if (!process.stderr.isTTY || this.tool.live) return;
    const started = Date.now();
    const draw = (): void => {
      this.#shown = true;
      const seconds = Math.round((Date.now() - started) / 1000);
      process.stderr.write(`\rtracing ${this.tool.name}, ${seconds} s; Ctrl-C to end \x1b[K`);
    };
    draw();
    this.#timer = setInterval(draw, 1000);
  }

  clear(): void {
    clearInterval(this.#timer);
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }
}
