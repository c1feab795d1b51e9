/**
 * The shape of the ABI's definition: plain data, no behaviour.
 *
 * Owns: the TypeScript types that `probes.ts` is written in.
 * Used by: the checks, every generator, the command line. Nothing here knows a language or a tracer.
 */

/** How a probe's argument travels. Everything is 64 bits wide; a string is a pointer to NUL-terminated UTF-8. */
export type ArgumentType = 'u64' | 'i64' | 'string';

/** One argument of a probe. */
export interface Argument {
  /** snake_case; a unit, if there is one, ends the name (`duration_ns`, `heap_bytes`). */
  readonly name: string;
  readonly type: ArgumentType;
  /** One sentence for the docs: meaning, unit, and what "unknown" looks like. */
  readonly meaning: string;
  /** Named values of an integer argument, generated as constants in every language. */
  readonly values?: Readonly<Record<string, number>>;
}

/** `yes` fires; `planned` is in the definition but not built yet; `no` can't be served by this runtime. */
export type Served = 'yes' | 'planned' | 'no';

/** What one runtime does about one probe. The stub is emitted for `yes` only, so that "listed" means "fires". */
export interface Service {
  readonly served: Served;
  /** What fires it, or why it can't. */
  readonly how: string;
}

/** One language that has, or will have, a provider. */
export interface Language {
  /** Short name, also the folder's and the suffix of the provider's: `node`. */
  readonly id: string;
  /** The USDT provider: `polyprobe_<id>`. */
  readonly provider: string;
  readonly title: string;
}

/** One probe of the ABI. */
export interface Probe<LanguageId extends string = string> {
  /** `noun__verb`: calls have entry/return, spans have start/done. */
  readonly name: string;
  /** ABI version that brought it, `major.minor`. */
  readonly since: string;
  readonly stability: 'stable' | 'experimental';
  /** One or two sentences: when it fires, on which thread. */
  readonly meaning: string;
  /** At most six: bpftrace 0.17 reads no more on x86-64. */
  readonly args: readonly Argument[];
  readonly runtimes: Readonly<Record<LanguageId, Service>>;
}

/** The whole definition. */
export interface Abi {
  readonly version: { readonly major: number; readonly minor: number };
  readonly languages: readonly Language[];
  readonly probes: readonly Probe[];
}

/** What a released version froze: no more than what tracers and providers depend on. */
export interface ReleasedAbi {
  readonly version: string;
  readonly probes: readonly {
    readonly name: string;
    readonly args: readonly {
      readonly name: string;
      readonly type: ArgumentType;
      readonly values?: Readonly<Record<string, number>>;
    }[];
    /** Languages whose provider emitted it. */
    readonly served: readonly string[];
  }[];
}
