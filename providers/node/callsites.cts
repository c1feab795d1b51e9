/**
 * callsites: util.getCallSites tells places as they are in the file.
 *
 * Its columns come from V8 by another way than those of stack traces. Called by: `messages.cts`, which loads it when it is needed.
 */
import { defineProperty, indexOf } from './builtins.cjs';
import { nameWithout } from './columns.cjs';
import { MARKER } from './instrument/pieces.cjs';
import { codeOfScript, findSourceMap, placeIn, type CodeOf } from './places.cjs';

interface Call {
  readonly functionName: string;
  readonly scriptName: string;
  readonly lineNumber: number;
  readonly columnNumber?: number;
  readonly column?: number;
}
interface Options {
  readonly sourceMap?: unknown;
}

const areMapped = (options: Options | undefined): boolean =>
  options?.sourceMap === true || (options?.sourceMap !== false && /--enable-source-maps\b/.test(FLAGS));
const FLAGS = `${process.execArgv.join(' ')} ${process.env['NODE_OPTIONS'] ?? ''}`;

function set(call: Call, values: Partial<Call>): void {
  for (const [name, value] of Object.entries(values))
    if (name in call) defineProperty(call, name, { value, writable: true, configurable: true, enumerable: true });
}

function correct(codeOf: CodeOf, call: Call, isMapped: boolean): void {
  const { functionName, scriptName, lineNumber, columnNumber = call.column ?? 1 } = call;
  if (indexOf(functionName, MARKER) >= 0) set(call, { functionName: nameWithout(functionName) });
  const code = codeOfScript(codeOf, scriptName);
  let column = code === undefined ? columnNumber : placeIn(code, lineNumber, columnNumber).column;
  set(call, { column, columnNumber: column });
  const map = isMapped ? findSourceMap(scriptName) : undefined;
  if (!map) return;
  // A map within the file was moved along with the columns.
  if (code?.isMapMoved) column = columnNumber;
  const { originalSource, originalLine, originalColumn, name } = map.findEntry(lineNumber - 1, column - 1);
  if (!originalSource) return;
  const place = { scriptName: originalSource, lineNumber: originalLine + 1, columnNumber: originalColumn + 1 };
  set(call, { ...place, column: place.columnNumber, ...(name && { functionName: name }) });
}

/**
 * Before Node's own function is called with a number, options, or both: it maps what it is told, so it is told not to.
 * @returns whether the places are to be mapped
 */
export function prepareCallSites(args: unknown[]): boolean {
  const at = args.length > 1 || typeof args[0] !== 'object' ? 1 : 0;
  const options = args[at] as Options | null | undefined;
  if (options === null || !areMapped(options)) return false;
  // What is no option at all, it complains of.
  if (options !== undefined && (typeof options !== 'object' || typeof options.sourceMap !== 'boolean')) return false;
  args[at] = { ...options, sourceMap: false };
  return true;
}

/** What it has given, in the right places. */
export function correctCallSites(codeOf: CodeOf, isMapped: boolean, calls: unknown): void {
  if (!Array.isArray(calls)) return;
  // No for-of: it is an array of the program's realm.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < calls.length; i++) correct(codeOf, calls[i] as Call, isMapped);
}
