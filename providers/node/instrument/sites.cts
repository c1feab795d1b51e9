/**
 * What the walk over a program notes for the insertion: functions, and sites in them.
 *
 * Data alone. Written by `parse.cts`, read by `insert.cts`.
 */

export type SourceKind = 'script' | 'module' | 'commonjs';

/** What is known about one function when the walk is over. */
export interface FunctionRecord {
  readonly scope: string;
  readonly name: string;
  /** Offset of the function, or of a method's key. */
  readonly at: number;
  readonly async: boolean;
  readonly generator: boolean;
  readonly isArrow: boolean;
  readonly isConstructor: boolean;
  /** Code outside of functions: it throws and catches, and is neither entered nor left. */
  readonly isModule: boolean;
  /** Why this function has to be left alone; its inner functions needn't be. */
  skip: string | undefined;
  /** Has sites that need the token that entry returned. */
  needsToken: boolean;
  /** Has sites that hold a value while a callback is called. */
  needsValue: boolean;
  /** Returns within a `try` that has a `finally`: it isn't over when it returns. */
  returnsIntoFinally: boolean;
  /** A return may still fail, by what it awaits on its way out. */
  returnMayFail: boolean;
  /** Calls, loops, throws or catches: not trivial. */
  isBusy: boolean;
  hasEval: boolean;
  returns: number;
  finallyDepth: number;
  /** Names bound by parameters, `var` and functions in blocks: those that a block can't bind again. */
  readonly vars: Set<string>;
  readonly lets: Set<string>;
  readonly topFunctions: string[];
}

/** A record of what is known before the walk. */
export function newFunction(
  known: Pick<FunctionRecord, 'scope' | 'name' | 'at'> & Partial<FunctionRecord>,
): FunctionRecord {
  return {
    async: false,
    generator: false,
    isArrow: false,
    isConstructor: false,
    isModule: false,
    skip: undefined,
    needsToken: false,
    needsValue: false,
    returnsIntoFinally: false,
    returnMayFail: false,
    isBusy: false,
    hasEval: false,
    returns: 0,
    finallyDepth: 0,
    vars: new Set(),
    lets: new Set(),
    topFunctions: [],
    ...known,
  };
}

export type SiteKind =
  | 'entry'
  | 'end'
  | 'arrow-open'
  | 'arrow-close'
  | 'return-void'
  | 'return-void-close'
  | 'return-simple'
  | 'return-open'
  | 'return-close'
  | 'throw-open'
  | 'throw-close'
  | 'module'
  | 'suspend-open'
  | 'suspend-value'
  | 'suspend-close'
  | 'suspend-void'
  | 'catch-bind'
  | 'catch-apart'
  | 'catch-apart-close'
  | 'catch'
  | 'finally-open'
  | 'finally-close'
  | 'loop-open'
  | 'loop-right'
  | 'loop-right-close'
  | 'loop-body'
  | 'loop-body-close'
  | 'loop-close';

/** One place where text has to be inserted. */
export interface Site {
  readonly at: number;
  readonly kind: SiteKind;
  readonly of: FunctionRecord;
  /** `unnamed`, `simple`, `statement`, `falls`, `directive`, `block`, `flagged`; a caught name; where a throw statement begins. */
  readonly note: string;
}

export interface Parsed {
  readonly functions: FunctionRecord[];
  readonly sites: Site[];
}
