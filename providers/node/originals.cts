/**
 * originals: where a place in what runs was before a compiler made it, by the program's source map, for exception__thrown.
 *
 * Asked for exceptions that no throw statement told of (addon/exceptions.cc), and only in files that have a map.
 */
import { mapGet, mapSet } from './builtins.cjs';
import { originalColumn } from './instrument/pieces.cjs';
import { decodeMap, findMap, originalPosition, readMap, type OriginalPositions } from './instrument/sourcemap.cjs';
import { lineOf, type CodeOf } from './places.cjs';

interface Mapped {
  readonly map: OriginalPositions;
  /** An inline map has been moved along with what was inserted (shiftedUrl); one in a file of its own hasn't. */
  readonly isInline: boolean;
}

/** @returns file and line from 1; undefined if the map doesn't say. Line from 1, column from 0, of what was compiled. */
export function originalPlaces(
  codeOf: CodeOf,
): (file: string, isModule: boolean, line: number, column: number) => [string, number] | undefined {
  const maps = new Map<string, Mapped | undefined>();
  const mapOf = (file: string, code: string): Mapped | undefined => {
    const reference = findMap(code);
    const text = reference && readMap(reference, file);
    const map = text === undefined ? undefined : decodeMap(text, file);
    return reference && map && { map, isInline: reference.url.startsWith('data:') };
  };
  return (file, isModule, line, column) => {
    const code = codeOf(file, isModule);
    if (code === undefined) return undefined;
    if (!maps.has(file)) mapSet(maps, file, mapOf(file, code.text));
    const mapped = mapGet(maps, file);
    if (!mapped) return undefined;
    const text = mapped.isInline ? undefined : lineOf(code, line);
    const at = text === undefined ? column : originalColumn(text, column + 1) - 1;
    const original = originalPosition(mapped.map, line - 1, at);
    return original && [original.file, original.line];
  };
}
