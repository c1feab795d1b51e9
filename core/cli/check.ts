/** `polyprobe check`: does tracing work here, and if not, what to do. */
import type { Command } from 'commander';
import { check, summarise, type Finding, type Level, type Summary } from '../check/index.js';
import { escapeText } from '../elf/text.js';
import { EXIT_FAILED } from './errors.js';
import { parsePid } from './numbers.js';
import { action, colours, json, print } from './output.js';

const HELP = `
Looks at the kernel, your permission, the tracers, the library, the interpreters and at what conflicts; then starts a
small program for each interpreter, attaches to each of its probes, and says which fire and which are dead, though
listed. That needs root and bpftrace, takes a few seconds for each interpreter, and touches no other process.

Every finding that isn't ok says what to do. Exit status: 0, 1 if there is a problem, 2 for a wrong command line.

Examples:
  sudo polyprobe check
  polyprobe check --no-fire
  sudo polyprobe check -p PID                      why can't this one be traced?
  polyprobe check --json | jq '.findings[] | select(.level != "ok")'`;

interface Flags {
  readonly json: boolean;
  readonly fire: boolean;
  readonly pid?: number;
}

/** Signs for a terminal, and words of the same width for a pipe. */
const SIGNS: Record<Level, string> = { ok: '✓', note: '·', warning: '!', problem: '✗' };
const WORDS: Record<Level, string> = { ok: 'ok     ', note: 'note   ', warning: 'warning', problem: 'PROBLEM' };

/** One finding as a person reads it: a line, and below it what to do. */
export function findingText({ level, what, todo }: Finding, terminal: boolean): string {
  const { green, cyan, yellow, red, dim } = colours();
  const paint = { ok: green, note: cyan, warning: yellow, problem: red }[level];
  const sign = terminal ? SIGNS[level] : WORDS[level];
  const line = `  ${paint(sign)}  ${escapeText(what)}\n`;
  const indent = ' '.repeat(sign.length + 4);
  return todo === '' ? line : `${line}${indent}${dim('to do:')} ${escapeText(todo)}\n`;
}

/** The last line. */
export function summaryText(summary: Summary): string {
  const { bold, red, yellow, green } = colours();
  const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const counts = `${summary.ok} ok, ${many(summary.note, 'note')}, ${many(summary.warning, 'warning')}, ${many(summary.problem, 'problem')}`;
  const verdict =
    summary.problem > 0
      ? red('not everything works, see the problems')
      : summary.warning > 0
        ? yellow('it works, see the warnings')
        : green('it works');
  return `\n${bold(counts)}: ${verdict}\n`;
}

/** A line on standard error that the next one overwrites; on a terminal only. */
function progressLine(): { show(what: string): void; clear(): void } {
  const { stderr } = process;
  if (!stderr.isTTY) return { show: () => undefined, clear: () => undefined };
  const clear = (): void => void stderr.write('\r\u001b[K');
  return {
    clear,
    show(what) {
      clear();
      stderr.write(escapeText(`${what} …`).slice(0, (stderr.columns || 80) - 1));
    },
  };
}

/** Adds the command. */
export function register(program: Command): void {
  program
    .command('check')
    .description('find out whether tracing works here, and what to do where it does not')
    .option('-p, --pid <pid>', 'one process: is it served, and if not, why', parsePid)
    .option('--no-fire', "don't try out which probes fire")
    .option('--json', 'print JSON', false)
    .addHelpText('after', HELP)
    .action(
      action(async (flags: Flags) => {
        const { pid } = flags;
        const findings: Finding[] = [];
        const terminal = process.stdout.isTTY;
        const { bold } = colours();
        const progress = progressLine();
        for await (const batch of check({ pid, fire: flags.fire, progress: progress.show })) {
          progress.clear();
          const group = batch[0]?.group;
          if (!flags.json && group) {
            const title = `${findings.length > 0 ? '\n' : ''}${bold(group)}\n`;
            print(title + batch.map((finding) => findingText(finding, terminal)).join(''));
          }
          findings.push(...batch);
        }
        progress.clear();
        const summary = summarise(findings);
        print(flags.json ? json({ findings, summary }) : summaryText(summary));
        if (summary.problem > 0) process.exitCode = EXIT_FAILED;
      }),
    );
}
