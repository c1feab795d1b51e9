/**
 * The traced program (pattern.c) and the command under test, for the tests of this folder.
 *
 * Owns: their processes, ended with the test. Each test file has a copy of the library of its own (its own inode), and
 * asks for the process that it started, so that nobody else on the machine is counted.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Test } from 'tap';
import { loadTool } from '../../core/tracer/script.js';
import { view, type View } from '../../core/tracer/present.js';
import { Session, type SessionOptions } from '../../core/tracer/session.js';
import { top, type Programs } from '../native/toolchain.js';
import { Lines } from '../native/tracers.js';

/** The program, compiled against the copy in `programs`. */
export const compile = (programs: Programs): string => programs.program('../tracer/pattern.c');

/** A running program that fires what it is told. */
export class Pattern extends Lines {
  get pid(): number {
    return this.process.pid!;
  }

  static async start(test: Test, path: string, ...args: string[]): Promise<Pattern> {
    const pattern = new Pattern(test, spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'] }));
    await pattern.line(/^ready$/);
    return pattern;
  }

  /** Sends a script and waits until it has been done. */
  async do(...script: string[]): Promise<void> {
    this.process.stdin!.write([...script, 'say done', ''].join('\n'));
    await this.line(/^done$/);
  }

  /** Sends a script without waiting. */
  say(...script: string[]): void {
    this.process.stdin!.write([...script, ''].join('\n'));
  }

  /** Whether a tracer has armed a probe in it. */
  async armed(probe: string): Promise<boolean> {
    this.say(`armed ${probe}`);
    return (await this.line(/^armed/)) === 'armed 1';
  }

  /** Ends it as programs end. */
  async end(): Promise<void> {
    this.process.stdin!.end();
    await this.ended;
  }
}

/** A tool that is attached. */
export async function attach(test: Test, tool: string, options: Omit<SessionOptions, 'tool'>): Promise<Session> {
  const session = new Session({ tool: loadTool(tool), ...options });
  test.teardown(() => session.kill());
  await session.ready;
  return session;
}

/** What a tool found while a script was done. */
export async function traced(test: Test, tool: string, pattern: Pattern, ...script: string[]): Promise<View> {
  const session = await attach(test, tool, { pids: [pattern.pid] });
  await pattern.do(...script);
  const { results, lostEvents, fullMaps, failures } = await session.stop();
  test.same([lostEvents, fullMaps, failures], [0, 0, []], 'nothing was lost');
  return view(tool, results, { top: Number.POSITIVE_INFINITY });
}

/** The lines that a live tool printed while a script was done. */
export async function lines(test: Test, tool: string, pattern: Pattern, ...script: string[]): Promise<string[]> {
  const texts: string[] = [];
  const session = await attach(test, tool, { pids: [pattern.pid], onText: (text) => texts.push(text) });
  await pattern.do(...script);
  await session.stop();
  return texts;
}

/** A row of the calls view. */
export interface CallRow {
  readonly language: string;
  readonly scope: string;
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly calls: number;
  readonly own_ns: number;
  readonly inclusive_ns: number;
  readonly pids: readonly number[];
}

/** Rows by function. */
export function functionsOf(shown: View, file = '/app/pattern.js'): Map<string, CallRow> {
  const rows = shown.value['functions'] as readonly CallRow[];
  return new Map(rows.filter((row) => row.file === file).map((row) => [row.function, row]));
}

/** Waits for what nobody announces, by asking again and again. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited a minute for ${what}`);
    await setTimeout(10);
  }
}

/** The command, as a process: `polyprobe trace …` or `polyprobe script …`. */
export function command(test: Test, ...args: string[]): Lines {
  const main = join(top, 'dist/test/tracer/command.js');
  return new Lines(test, spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Processes whose parent is `pid`, or that were its when it lived. */
export function bpftracesOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return (
          Number(parent) === pid && state !== 'Z' && readFileSync(`/proc/${each}/comm`, 'utf8').includes('bpftrace')
        );
      } catch {
        return false;
      }
    });
}

/** Whether a process still runs. */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
