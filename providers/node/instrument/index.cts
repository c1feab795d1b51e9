/**
 * Load-time instrumentation of JavaScript: programs in, programs with callbacks out.
 *
 * Owns: the public functions, limits, and what is said of programs that can't be instrumented. Doesn't
 * own: which files to instrument (`select.cts`), keeping results (`cache.cts`), the callbacks'
 * meaning (`insert.cts` lists them). Called by: the provider's module hooks. Never throws.
 */
import { own } from '../own.cjs';
import { MARKER } from './pieces.cjs';
import type { FunctionRecord, SourceKind } from './sites.cjs';
import { decodeMap, findMap, isUnmapped, originalPosition, readMap, shiftedUrl } from './sourcemap.cjs';
import type { OriginalPositions } from './sourcemap.cjs';

export { bind, originalColumn, restore } from './pieces.cjs';
export type { SourceKind } from './sites.cjs';

/** Changes whenever the same source would come out differently: part of each cache entry's key. */
export const INSTRUMENTER_VERSION = 11;

/** Large enough for bundles; typescript.js has 9 MiB. */
export const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;

export interface InstrumentOptions {
  readonly kind: SourceKind;
  /** Path of the program, to find a source map that lies next to it. */
  readonly file?: string | undefined;
  /** Larger programs are left alone. Counted in UTF-16 units of the text. */
  readonly maxBytes?: number | undefined;
  /** Leave functions alone that neither call, loop nor throw. */
  readonly skipTrivial?: boolean | undefined;
}

/** One function, in the order of ids. */
export interface FunctionInfo {
  /** The enclosing class, `Outer.Inner` if nested; '' if none. */
  readonly scope: string;
  readonly name: string;
  /** From 1; of the original, where there is a source map. */
  readonly line: number;
  /** The original file, where there is a source map. */
  readonly file?: string;
}

/** A function that was left alone. */
export interface SkippedFunction extends FunctionInfo {
  readonly reason: string;
}

export interface Instrumented {
  readonly code: string;
  readonly functions: readonly FunctionInfo[];
  readonly skipped: readonly SkippedFunction[];
}

/** Why a program as a whole was left alone. */
export interface Refusal {
  readonly reason: 'syntax' | 'marker' | 'size' | 'internal';
  readonly message: string;
}

/** Instruments a program, or says why not. Never throws. */
export function attempt(source: string, options: InstrumentOptions): Instrumented | Refusal {
  const limit = options.maxBytes ?? DEFAULT_MAX_BYTES;
  if (source.length > limit)
    return { reason: 'size', message: `${source.length} characters, expected at most ${limit}` };
  if (source.includes(MARKER))
    return { reason: 'marker', message: `contains '${MARKER}', which is reserved for polyprobe` };
  try {
    return instrumentText(source, options);
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'syntax' : 'internal';
    return { reason, message: error instanceof Error ? error.message : String(error) };
  }
}

/** Whether a program was left alone. */
export function isRefusal(result: Instrumented | Refusal): result is Refusal {
  return 'reason' in result;
}

/** Instruments a program; undefined if it can't be. `attempt` says why. */
export function instrument(source: string, options: InstrumentOptions): Instrumented | undefined {
  const result = attempt(source, options);
  return isRefusal(result) ? undefined : result;
}

/** Loaded late: a program that is in the cache is started without it. And kept, as the parser. */
let inserter: typeof import('./insert.cjs') | undefined;

function instrumentText(source: string, options: InstrumentOptions): Instrumented {
  const reference = findMap(source);
  const mapText = reference && readMap(reference, options.file);
  const map = mapText === undefined ? undefined : decodeMap(mapText, options.file);
  const locate = locator(source, map);
  const lineOfThrow = (from: number, to: number): number | undefined => {
    const thrown = locate(from);
    return thrown.file === undefined && locate(to).line === thrown.line ? undefined : thrown.line;
  };
  inserter ??= own('./instrument/insert.cjs') as typeof import('./insert.cjs');
  const inserted = inserter.insert(
    source,
    options.kind,
    options.skipTrivial ?? false,
    lineOfThrow,
    (at) => locate(at).isGenerated,
  );
  const infoOf = ({ scope, name, at }: FunctionRecord): FunctionInfo => {
    const { isGenerated: _, ...place } = locate(at);
    return { scope, name, ...place };
  };
  const functions = inserted.functions.map(infoOf);
  const skipped = inserted.skipped.map((fn) => ({ ...infoOf(fn), reason: fn.skip ?? '' }));
  let { code } = inserted;
  if (reference && map) {
    const url = shiftedUrl(reference, map, source, inserted.insertions);
    const tail = source.length - reference.start; // nothing is inserted behind the reference
    if (url !== undefined) code = code.slice(0, code.length - tail) + url + source.slice(reference.end);
  }
  return { code, functions, skipped };
}

/** What ends a line for V8, whose line numbers ours must agree with. */
const LINE_END = /\r\n?|[\n\u2028\u2029]/g;

/** Where a place was originally. */
interface Located {
  readonly line: number;
  readonly file?: string;
  /** A compiler's own: nobody wrote it. */
  readonly isGenerated: boolean;
}

/** Says where a place was originally; cheap for places near the last one. */
function locator(source: string, map: OriginalPositions | undefined): (at: number) => Located {
  const starts = [0];
  for (const match of source.matchAll(LINE_END)) starts.push(match.index + match[0].length);
  let line = 0;
  return (at) => {
    while (line > 0 && at < (starts[line] ?? 0)) line--;
    while (at >= (starts[line + 1] ?? Infinity)) line++;
    const column = at - (starts[line] ?? 0);
    const original = map && originalPosition(map, line, column);
    return { ...(original ?? { line: line + 1 }), isGenerated: map !== undefined && isUnmapped(map, line, column) };
  };
}
