/**
 * source: one file's text on its way from the loader to the compiler, the same on every thread and Node version.
 *
 * Owns: which files are instrumented. Called by: `hook.cts`, `imports.cts`, `reads.cts`, `esm.cts`.
 */
import type { Addon } from './addon.cjs';
import { mapGet, mapSet } from './builtins.cjs';
import type { InstrumentCache } from './instrument/cache.cjs';
import type { SourceKind } from './instrument/index.cjs';

import { register } from './names.cjs';
import { fs, hasStack, measureStack, own } from './own.cjs';
import { makeRoom } from './inlining.cjs';
import type { Options } from './options.cjs';
import type { Compiled } from './places.cjs';
import { refusedFile, refusedFunction, type Refusals } from './refusals.cjs';

/** Of a file that is loaded again and again with other contents, the last ones can be told apart in stack traces. */
const MAX_VERSIONS = 8;

let depth = 0;

/** Whether a file is being instrumented: what is loaded meanwhile is ours, no part of the program. */
export function instrumenting(): boolean {
  return depth > 0;
}

/** Instruments the files that the operator chose. */
export class Sources {
  readonly refusals: Refusals;
  readonly #addon: Addon;
  readonly #options: Options;
  readonly #selected: (file: string) => boolean;
  /** What the file that was transformed last turned out to be; undefined when it runs as it is. */
  lastKind: SourceKind | undefined;
  #instrumenter: InstrumentCache | undefined;
  /** What was compiled, for stack traces, the latest last: the strings are V8's own, kept by it anyway. */
  readonly #compiled = new Map<string, Compiled[]>();
  /** Files of which nothing is said yet. */
  readonly #postponed: string[] = [];

  /** @param selected whether a file, by its absolute path, is to be instrumented */
  constructor(addon: Addon, options: Options, selected: (file: string) => boolean, refusals: Refusals) {
    this.refusals = refusals;
    measureStack(() => addon.stackUsed());
    this.#addon = addon;
    this.#options = options;
    this.#selected = options.functions ? selected : () => false;
  }

  /**
   * The text to compile instead.
   * @param kinds how it may be meant, the likeliest first; a loader doesn't always know
   * @param wanted of what kind it has to turn out to be
   * @returns the text, or undefined when the file runs as it is. Never throws.
   */
  transform(
    source: string,
    file: string,
    kinds: readonly SourceKind[],
    wanted: readonly SourceKind[] = kinds,
  ): string | undefined {
    this.lastKind = undefined;
    this.settle();
    if (depth > 0 || !this.#selected(file)) return undefined;
    depth++;
    try {
      const code = this.#instrument(source, file, kinds, wanted);
      // A file that has become one without functions: its columns are right.
      if (code === undefined && this.#compiled.has(file)) this.#keep(file, { text: source, isMapMoved: false });
      return code;
    } finally {
      depth--;
    }
  }

  /**
   * A file runs as it is, because hardly any stack is left. Whether it was chosen is asked when there is more again: that
   * takes regular expressions, for which V8 ends the process when it has no stack to compile them.
   */
  postpone(file: string): void {
    this.#postponed.push(file);
  }

  /** Says of the files that were postponed what is to be said of them. */
  settle(): void {
    for (let file = this.#postponed.pop(); file !== undefined; file = this.#postponed.pop())
      if (this.#selected(file)) this.refusals.add(refusedFile(file, 'stack', 'loaded when hardly any stack was left'));
  }

  /** Loaded when the first file is chosen: a program may have none. */
  #cache(): InstrumentCache {
    if (!this.#instrumenter) {
      const { InstrumentCache } = own('./instrument/cache.cjs') as typeof import('./instrument/cache.cjs');
      this.#instrumenter = new InstrumentCache({ checksum: (bytes, from) => this.#addon.checksum(bytes, from) });
    }
    return this.#instrumenter;
  }

  #instrument(
    source: string,
    file: string,
    kinds: readonly SourceKind[],
    wanted: readonly SourceKind[],
  ): string | undefined {
    let refusal: readonly [reason: string, message: string] | undefined;
    if (!hasStack()) {
      this.refusals.add(refusedFile(file, 'stack', 'loaded when hardly any stack was left'));
      return undefined;
    }
    for (const kind of kinds) {
      const result = this.#cache().prepare(source, { kind, file });
      if ('reason' in result) {
        refusal ??= [result.reason, result.message];
        if (result.reason === 'syntax') continue;
        break;
      }
      if (!wanted.includes(kind)) return undefined;
      for (const { file: original, name, line, reason } of result.skipped)
        this.refusals.add(refusedFunction(original ?? file, name, line, reason));
      if (result.lines.length === 0) return undefined;
      const first = register(this.#addon, file, this.#options.root, result);
      if (first !== 0) {
        makeRoom();
        this.#addon.raiseNumbers(result.text, result.encoding === 'latin1' ? 1 : 2, result.places, first);
        const text = this.#cache().textOf(result);
        this.lastKind = kind;
        this.#keep(file, { text, isMapMoved: result.isMapMoved });
        return text;
      }
      refusal = ['numbers', 'more functions than numbers, 16 million'];
      break;
    }
    if (refusal) this.refusals.add(refusedFile(file, ...refusal));
    return undefined;
  }

  #keep(file: string, code: Compiled): void {
    const known = mapGet(this.#compiled, file) ?? [];
    if (known.length === MAX_VERSIONS) known.shift();
    known.push(code);
    mapSet(this.#compiled, file, known);
  }

  /** What was compiled and has a text in it, for error messages; each file is looked through. */
  codeWith(part: string): string | undefined {
    for (const versions of this.#compiled.values())
      for (const { text } of versions) if (text.includes(part)) return text;
    return undefined;
  }

  /**
   * What was compiled of a file, for stack traces. ES modules pass through another thread on Node 20, which told
   * the names of their functions: their text is made again, from the cache.
   */
  codeOf(file: string, isModule: boolean, fits?: (code: Compiled) => boolean): Compiled | undefined {
    const known = mapGet(this.#compiled, file);
    if (known !== undefined)
      return (known.length > 1 && fits ? known.findLast(fits) : undefined) ?? known[known.length - 1];
    if (!isModule || !this.#addon.hasFunctions(file)) return undefined;
    const source = fs.readText(file).replace(/^\ufeff/, '');
    const result = this.#cache().prepare(source, { kind: 'module', file });
    const code =
      'reason' in result
        ? { text: '', isMapMoved: false }
        : { text: this.#cache().textOf(result), isMapMoved: result.isMapMoved };
    this.#keep(file, code);
    return code;
  }
}
