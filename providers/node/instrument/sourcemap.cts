/**
 * Source maps that a program carries: where its functions were originally, and keeping an inline map
 * right when text is inserted.
 *
 * Owns: finding and reading maps, inline or in a file next to the program. A map that can't be read
 * counts as none. Called by: `index.cts`.
 */
import { dirname, isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceMapMappings, SourceMapSegment } from '@jridgewell/sourcemap-codec';
import { fs, own } from '../own.cjs';
import type { Insertion } from './insert.cjs';

const COMMENT = 'sourceMappingURL=';
const REFERENCE = /^[#@] ?sourceMappingURL=(\S+)\s*$/;
const INLINE = /^data:application\/json[^,]*;base64,/;
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/** A reference to a map at the end of a program. */
export interface MapReference {
  readonly url: string;
  /** Offsets of the URL in the program. */
  readonly start: number;
  readonly end: number;
}

interface RawMap {
  readonly mappings: string;
  readonly sources: readonly (string | null)[];
  readonly sourceRoot?: string;
}

/** A map, decoded. */
export interface OriginalPositions {
  readonly raw: RawMap;
  readonly mappings: SourceMapMappings;
  readonly directory: string | undefined;
}

/** Finds the reference to a source map. Only the program's end counts: elsewhere it may be a string. */
export function findMap(source: string): MapReference | undefined {
  const at = source.lastIndexOf(COMMENT);
  if (at < 0) return undefined;
  const comment = source.lastIndexOf('//', at);
  const match = comment < 0 ? null : REFERENCE.exec(source.slice(comment + 2));
  const url = match?.[1];
  if (url === undefined) return undefined;
  const start = at + COMMENT.length;
  return { url, start, end: start + url.length };
}

/** The text of the map that a reference leads to; undefined if it can't be read. */
export function readMap({ url }: MapReference, file: string | undefined): string | undefined {
  try {
    const inline = INLINE.exec(url);
    if (inline) return Buffer.from(url.slice(inline[0].length), 'base64').toString('utf8');
    if (file === undefined || /^[a-z][a-z0-9+.-]*:/i.test(url)) return undefined;
    const path = resolve(dirname(file), decodeURI(url));
    return fs.statSync(path).size > MAX_FILE_BYTES ? undefined : fs.readText(path);
  } catch {
    return undefined;
  }
}

function codec(): typeof import('@jridgewell/sourcemap-codec') {
  return own('@jridgewell/sourcemap-codec') as typeof import('@jridgewell/sourcemap-codec');
}

/** Decodes a map. Maps made of sections aren't understood. */
export function decodeMap(text: string, file: string | undefined): OriginalPositions | undefined {
  try {
    const raw = JSON.parse(text.replace(/^\)\]\}'[^\n]*\n/, '')) as Partial<RawMap>;
    if (typeof raw.mappings !== 'string' || !Array.isArray(raw.sources)) return undefined;
    return {
      raw: raw as RawMap,
      mappings: codec().decode(raw.mappings),
      directory: file === undefined ? undefined : dirname(file),
    };
  } catch {
    return undefined;
  }
}

/** The mapping at a place, or the nearest to its left. */
function segmentAt(map: OriginalPositions, line: number, column: number): SourceMapSegment | undefined {
  const segments = map.mappings[line] ?? [];
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.[0] ?? 0) <= column) low = middle + 1;
    else high = middle;
  }
  return segments[low - 1];
}

/** Whether a place comes from no original: compilers leave what they add without a mapping. A map of nothing says nothing. */
export function isUnmapped(map: OriginalPositions, line: number, column: number): boolean {
  const segment = segmentAt(map, line, column);
  return (segment === undefined || segment.length === 1) && map.mappings.some((segments) => segments.length > 0);
}

/** Where a place was originally; line and column from 0. The nearest mapping to its left counts. */
export function originalPosition(
  map: OriginalPositions,
  line: number,
  column: number,
): { file: string; line: number } | undefined {
  const segment = segmentAt(map, line, column) ?? map.mappings[line]?.[0];
  if (segment?.length !== 4 && segment?.length !== 5) return undefined;
  const source = map.raw.sources[segment[1]];
  if (typeof source !== 'string') return undefined;
  return { file: sourcePath(map, source), line: segment[2] + 1 };
}

function sourcePath({ raw, directory }: OriginalPositions, source: string): string {
  const root = raw.sourceRoot ?? '';
  const whole = root && !isAbsolute(source) ? `${root.replace(/\/$/, '')}/${source}` : source;
  try {
    if (whole.startsWith('file:')) return fileURLToPath(whole);
  } catch {
    return whole;
  }
  if (directory === undefined || /^[a-z][a-z0-9+.-]+:/i.test(whole)) return whole;
  return resolve(directory, whole);
}

/** The offset at which each line starts, as source maps count lines. */
function lineStarts(source: string): number[] {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The URL of an inline map whose columns are moved by what was inserted before them. */
export function shiftedUrl(
  reference: MapReference,
  map: OriginalPositions,
  source: string,
  insertions: readonly Insertion[],
): string | undefined {
  const prefix = INLINE.exec(reference.url)?.[0];
  if (prefix === undefined) return undefined;
  const starts = lineStarts(source);
  let next = 0;
  map.mappings.forEach((segments, line) => {
    const start = starts[line] ?? Infinity;
    while ((insertions[next]?.at ?? Infinity) < start) next++;
    let added = 0;
    for (const segment of segments) {
      for (let at = insertions[next]; at && at.at <= start + segment[0]; at = insertions[++next]) added += at.length;
      segment[0] += added;
    }
  });
  const text = JSON.stringify({ ...map.raw, mappings: codec().encode(map.mappings) });
  return prefix + Buffer.from(text).toString('base64');
}
