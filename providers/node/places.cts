/**
 * places: where something that was compiled is in its file, and in what that file was made of where Node itself says so.
 *
 * Instrumentation keeps lines and moves columns. Where a file has a source map within it, that was moved along with them; one in a file of its
 * own wasn't. Called by: whoever shows a place to the program: `columns.cts`, `originals.cts`, `uncaught.cts`, `messages.cts`.
 */
import Module = require('node:module');
import { fileURLToPath } from 'node:url';
import { indexOf, slice, startsWith } from './builtins.cjs';
import { behindEntry, originalColumn } from './instrument/pieces.cjs';
import { fs, hasStack, own } from './own.cjs';

/** What V8 compiled of a file. */
export interface Compiled {
  readonly text: string;
  /** Whether it carries a source map that leads from it, and not from the text as it was written. */
  readonly isMapMoved: boolean;
  /** Where its lines begin, once somebody has asked. */
  starts?: readonly number[];
  /** As V8 has it of a script. */
  hash?: string;
}

/**
 * What V8 compiled of a file; undefined when it was compiled as it is. Of a file that was loaded anew with other contents there are
 * several: the last one that fits, or the last.
 */
export type CodeOf = (file: string, isModule: boolean, fits?: (code: Compiled) => boolean) => Compiled | undefined;

/** As V8 counts lines; a carriage return alone, or U+2028, is rare enough to be looked for first. */
function lineStarts(code: string): number[] {
  const ends = ['\n'];
  if (indexOf(code, '\r') >= 0) ends[ends.length] = '\r';
  if (indexOf(code, '\u2028') >= 0) ends[ends.length] = '\u2028';
  if (indexOf(code, '\u2029') >= 0) ends[ends.length] = '\u2029';
  const next: number[] = [];
  for (let i = 0; i < ends.length; i++) next[i] = indexOf(code, ends[i]!);
  const starts = [0];
  for (;;) {
    let first = -1;
    for (let i = 0; i < next.length; i++) if (next[i]! >= 0 && (first < 0 || next[i]! < next[first]!)) first = i;
    if (first < 0) return starts;
    const at = next[first]!;
    next[first] = indexOf(code, ends[first]!, at + 1);
    // A carriage return and a line feed end one line.
    if (ends[first] === '\r' && code[at + 1] === '\n') continue;
    starts[starts.length] = at + 1;
  }
}

/** Offset at which a line begins; undefined if there is no such line. */
export function startOf(code: Compiled, line: number): number | undefined {
  code.starts ??= lineStarts(code.text);
  return code.starts[line - 1];
}

/** A line, with what ends it. */
export function lineOf(code: Compiled, line: number): string | undefined {
  const start = startOf(code, line);
  return start === undefined ? undefined : slice(code.text, start, code.starts![line]);
}

/** The code of a script by the name that V8 has for it: a path, or a module's URL. */
export function codeOfScript(codeOf: CodeOf, name: string, fits?: (code: Compiled) => boolean): Compiled | undefined {
  const isModule = startsWith(name, 'file:');
  return codeOf(isModule ? fileURLToPath(name) : name, isModule, fits);
}

/** Tells the code that a call site is in by its hash, which V8 knows, too. */
export function fitsSite(site: { getScriptHash?(): string }): (code: Compiled) => boolean {
  return (code) => {
    const { sha256Utf8 } = own('./instrument/bytes.cjs') as typeof import('./instrument/bytes.cjs');
    return (code.hash ??= sha256Utf8(code.text)) === site.getScriptHash?.();
  };
}

/** A line and a column, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** Where something of what was compiled is in the file. */
export function placeIn(code: Compiled, line: number, column: number): Place {
  const offset = (startOf(code, line) ?? -column) + column - 1;
  // That takes regular expressions: not where hardly any stack is left.
  const behind = offset < 0 || !hasStack() ? undefined : behindEntry(code.text, offset);
  if (behind !== undefined) {
    while ((startOf(code, line + 1) ?? Infinity) <= behind) line++;
    column = behind - startOf(code, line)! + 1;
  }
  const text = lineOf(code, line);
  return { line, column: text === undefined ? column : originalColumn(text, column) };
}

/** Node's map of a script, as far as it is used here. */
interface SourceMap {
  readonly payload: { readonly sources: readonly string[]; readonly sourcesContent?: readonly (string | undefined)[] };
  findEntry(
    line: number,
    column: number,
  ): {
    readonly originalSource?: string;
    readonly originalLine: number;
    readonly originalColumn: number;
    readonly name?: string;
  };
}
export const { findSourceMap } = Module as unknown as { findSourceMap(script: string): SourceMap | undefined };

/** The map by which Node shows places in a script; undefined where it shows them as they are. */
export function mapOf(script: string): SourceMap | undefined {
  return process.sourceMapsEnabled ? findSourceMap(script) : undefined;
}

/** Whether Node finds its way from what was compiled by itself: its columns have to stay as they are. */
export const isMappedByNode = (code: Compiled, script: string): boolean =>
  code.isMapMoved && mapOf(script) !== undefined;

/** A line of an original. */
export interface OriginalLine {
  readonly file: string;
  /** From 0, as the column. */
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/**
 * The line that Node shows of a place by a source map; undefined where it finds none.
 * https://github.com/nodejs/node/blob/v20.20.0/lib/internal/source_map/prepare_stack_trace.js#L157
 * @param column from 0, of the text that the map leads from
 */
export function originalLine(map: SourceMap, line: number, column: number): OriginalLine | undefined {
  const { originalSource: source, originalLine: at, originalColumn } = map.findEntry(line - 1, column);
  if (typeof source !== 'string') return undefined;
  const { sources, sourcesContent } = map.payload;
  const path = startsWith(source, 'file://') ? fileURLToPath(source) : source;
  let text: string | undefined;
  for (let i = 0; i < sources.length && text === undefined; i++)
    if (sources[i] === source) text = sourcesContent?.[i] || undefined;
  if (text === undefined && path !== source) {
    try {
      text = fs.readText(path);
    } catch {
      // It isn't there any more.
    }
  }
  const found = text?.split(/\r?\n/, at + 1)[at];
  return found ? { file: path, line: at, column: originalColumn, text: found } : undefined;
}
