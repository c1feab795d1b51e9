/**
 * From a program to the same program with callbacks: the texts that stand at each kind of site.
 *
 * The callbacks are properties of the global object. V8 takes a property that never changed for a constant, so that in
 * optimised code they cost no instructions while nobody traces; and the bytecode that remains is kept short, because it
 * counts when V8 decides what to inline.
 *
 *   __pp_e.fN                entry of the function with number N; gives a token, kept in __pp_d
 *   __pp_d()                 return, or the end of the body: the token is a function while somebody traces
 *
 * Functions that can be suspended, or that are over only after their last return, are lasting. Their tokens are numbers:
 *
 *   __pp_e.gN                entry
 *   __pp_r(id, token)        return
 *   __pp_x(id, token)        left by an exception or a generator's return(); wrapped functions only
 *   __pp_s(id, token)        about to suspend; may be called twice in a row
 *   __pp_m(id, token)        resumed normally; returns the token; may be called twice in a row
 *
 * Either kind:
 *
 *   __pp_t(id, value, line?) about to throw; the line where that isn't the line of the call
 *   __pp_c(id, token, e?)    a catch or finally clause begins; returns the token
 *
 * Code outside of functions is neither entered nor left, but throws and catches: __pp_c(id) returns a token when the module
 * begins, __pp_c(id, token, e, 1) tells what is caught, and its locals are __pp_l and __pp_u instead of __pp_d and __pp_v.
 *
 * Locals: __pp_d token, __pp_v value held while a callback is called, __pp_o whether the function is
 * about to leave by return, __pp_f the same saved over a finally clause, __pp_w a caught value.
 *
 * A wrapped function (asynchronous, generator, or returning within try-finally) is over only when its
 * body is: `try{…}finally{__pp_o?__pp_r?.():__pp_x?.()}`. Others call back where they return.
 *
 * Owns: those texts. Called by: `index.cts`.
 */
import { parse } from './parse.cjs';
import { entry, id, NO_EXCERPT, piece } from './pieces.cjs';
import type { FunctionRecord, Site, SourceKind } from './sites.cjs';

/** A piece that was inserted: where in the original, and how many characters. */
export interface Insertion {
  readonly at: number;
  readonly length: number;
}

export interface Inserted {
  readonly code: string;
  /** Functions that got callbacks; a function's index is its id in the text. */
  readonly functions: FunctionRecord[];
  readonly skipped: FunctionRecord[];
  readonly insertions: Insertion[];
}

/** What the texts of one function depend on. */
interface Plan {
  readonly id: string;
  readonly wrapped: boolean;
  readonly lasting: boolean;
  readonly of: FunctionRecord;
}

/**
 * Whether function declarations of the body's top level would mean something else in a block, where
 * they can't share a name with a parameter, a `var`, or each other, and `eval` can't redeclare them.
 */
function cannotBeBlock(fn: FunctionRecord): boolean {
  const names = fn.topFunctions;
  if (names.length === 0) return false;
  if (fn.hasEval || new Set(names).size < names.length) return true;
  return names.some((name) => name === 'arguments' || fn.vars.has(name));
}

function plan(of: FunctionRecord, index: number): Plan {
  const suspends = of.async || of.generator;
  const wrapped = (suspends || of.returnsIntoFinally) && !cannotBeBlock(of);
  return { id: id(index), wrapped, lasting: suspends || wrapped, of };
}

const entered = ({ id, lasting }: Plan): string => entry(lasting ? 'g' : 'f', id);
const returned = ({ id, lasting }: Plan): string => (lasting ? `__pp_r?.(${id},__pp_d)` : '__pp_d&&__pp_d()');
/** A lasting function's token is a number, also before there is one. */
const token = ({ lasting }: Plan): string => (lasting ? '__pp_d||0' : '__pp_d');
const suspended = ({ id }: Plan): string => `__pp_s?.(${id},__pp_d)`;
const resumed = ({ id }: Plan): string => `__pp_d=__pp_m?.(${id},__pp_d)`;

/** What to do just before a function leaves by return. */
function leaving(at: Plan): string {
  if (!at.wrapped) return returned(at);
  // An asynchronous generator awaits what it returns.
  const waits = at.of.async && at.of.generator;
  return waits ? `${suspended(at)},__pp_o=1` : '__pp_o=1';
}

function enter(at: Plan): string {
  const { of, wrapped } = at;
  const locals = (of.needsValue ? ',__pp_v' : '') + (wrapped ? ',__pp_o' : '');
  if (of.needsToken || wrapped) return `var __pp_d=${entered(at)}${locals};${wrapped ? 'try{' : ''}`;
  return `${entered(at)};${of.needsValue ? 'var __pp_v;' : ''}`;
}

/** Closes what `enter` opened. */
function leave(at: Plan): string {
  if (!at.wrapped) return '';
  // Only a clause of our own can tell that a return has failed after all; rethrowing changes where
  // the exception seems to come from for a debugger, hence not everywhere.
  const failed = at.of.returnMayFail ? 'catch(__pp_w){__pp_o=0;throw __pp_w}' : '';
  return `}${failed}finally{__pp_o?${returned(at)}:__pp_x?.(${at.id},__pp_d)}`;
}

/** Takes a value; behind a comma it won't give its name to a function. */
const take = (note: string, value = '__pp_v'): string => (note === 'unnamed' ? `${value}=(0,` : `${value}=(`);

function openArrow(at: Plan, note: string): string {
  const open = note === 'simple' ? '' : take(note);
  if (at.wrapped) return `{${enter(at)}return ${note === 'simple' ? `${leaving(at)},` : open}`;
  const opened = `{var __pp_d=${entered(at)}`;
  return note === 'simple' ? `${opened};return ${returned(at)},` : `${opened},${open}`;
}

function closeArrow(at: Plan, note: string): string {
  if (note === 'simple') return `${leave(at)}}`;
  if (at.wrapped) return `),${leaving(at)},__pp_v${leave(at)}}`;
  return `);return ${returned(at)},__pp_v}`;
}

function end(at: Plan, note: string): string {
  if (at.wrapped) return `;${note === 'falls' ? '__pp_o=1' : ''}${leave(at)}`;
  return note === 'falls' ? `;${returned(at)}` : '';
}

/** Says in which line of the original a throw statement begins, when the call that tells of it is in another. */
export type LineOfThrow = (from: number, to: number) => number | undefined;

function thrown(at: Plan, value: string, line: number | undefined): string {
  return `),__pp_t?.(${at.id},${value}${line === undefined ? '' : `,${line}`}),${value}`;
}

const caught = (at: Plan, value: string): string =>
  `__pp_d=__pp_c?.(${at.id},${token(at)},${value});${at.wrapped ? '__pp_o=0;' : ''}`;

/**
 * A clause that takes its error apart has no name for the whole. It becomes the inner one of two: how a pattern fails is
 * told in words of its own there.
 */
const apart = (told: string): string => `__pp_w){${told}try{throw __pp_w}catch(`;

/** Code outside of functions. */
function moduleText({ kind, note, at }: Site, plan: Plan, lineOfThrow: LineOfThrow): string {
  switch (kind) {
    case 'module': {
      const level = plan.of.needsToken ? `__pp_l=__pp_c?.(${plan.id})` : '';
      return `var ${[level, plan.of.needsValue ? '__pp_u' : ''].filter(Boolean).join(',')};`;
    }
    case 'throw-open':
      return take(note, '__pp_u');
    case 'throw-close':
      return thrown(plan, '__pp_u', lineOfThrow(Number(note), at));
    case 'catch-bind':
      return '(__pp_w)';
    case 'catch':
      return `__pp_c?.(${plan.id},__pp_l,${note},1);`;
    case 'catch-apart':
      return apart(`__pp_c?.(${plan.id},__pp_l,__pp_w,1);`);
    case 'catch-apart-close':
      return '}';
    default:
      return '';
  }
}

function text({ kind, note, at: place }: Site, at: Plan, lineOfThrow: LineOfThrow): string {
  switch (kind) {
    case 'entry':
      return (note === 'directive' ? ';' : '') + enter(at);
    case 'end':
      return end(at, note);
    case 'arrow-open':
      return openArrow(at, note);
    case 'arrow-close':
      return closeArrow(at, note);
    case 'return-void':
      // Not `return void 0`, for which an asynchronous generator would wait a turn.
      return `{${at.wrapped ? '__pp_o=1' : returned(at)};`;
    case 'return-void-close':
    case 'loop-close':
      return kind === 'loop-close' ? `${resumed(at)}}` : '}';
    case 'return-simple':
      return `${leaving(at)},`;
    case 'return-open':
    case 'throw-open':
      return take(note);
    case 'return-close':
      return `),${leaving(at)},__pp_v`;
    case 'throw-close':
      return thrown(at, '__pp_v', lineOfThrow(Number(note), place));
    case 'module':
      return '';
    case 'suspend-open':
      // `(` at the start of a statement could continue the line before; `0` can't.
      return note === 'statement' ? '0,(__pp_v=' : '(__pp_v=';
    case 'suspend-value':
    case 'loop-right':
      return `(${take(note)}`;
    case 'suspend-close':
      return `),${suspended(at)},__pp_v),${resumed(at)},__pp_v)`;
    case 'suspend-void':
      return `(${suspended(at)},void 0),${resumed(at)},__pp_v)`;
    case 'catch-bind':
      return '(__pp_w)';
    case 'catch':
      return caught(at, note);
    case 'catch-apart':
      return apart(caught(at, '__pp_w'));
    case 'catch-apart-close':
      return '}';
    case 'finally-open': {
      // Should the clause throw, or jump out, then the return that led to it never happens.
      const save = at.wrapped && note === 'flagged' ? 'let __pp_f=__pp_o;__pp_o=0;' : '';
      return `__pp_d=__pp_c?.(${at.id},${token(at)});${save}`;
    }
    case 'finally-close':
      return at.wrapped && note === 'flagged' ? ';__pp_o=__pp_f' : '';
    case 'loop-open':
      return '{';
    case 'loop-right-close':
      return `),${suspended(at)},__pp_v)`;
    case 'loop-body':
      return `{${resumed(at)};try${note === 'block' ? '' : '{'}`;
    case 'loop-body-close':
      return `${note === 'block' ? '' : '}'}finally{${suspended(at)}}}`;
  }
}

/** Inserts the callbacks. Throws what `parse` throws. */
export function insert(
  source: string,
  kind: SourceKind,
  skipTrivial: boolean,
  lineOfThrow: LineOfThrow = () => undefined,
  isGenerated: (at: number) => boolean = () => false,
): Inserted {
  const parsed = parse(source, kind);
  const plans = new Map<FunctionRecord, Plan>();
  const skipped: FunctionRecord[] = [];
  for (const fn of parsed.functions) {
    // A compiler's own is no function of the program: it isn't missed either.
    if (!fn.isModule && isGenerated(fn.at)) continue;
    if (fn.skip !== undefined) skipped.push(fn);
    else if (fn.isBusy || !skipTrivial) plans.set(fn, plan(fn, plans.size));
  }
  const parts: string[] = [];
  const insertions: Insertion[] = [];
  let done = 0;
  let lineEnd = -1;
  for (const site of parsed.sites) {
    const at = plans.get(site.of);
    const inserted = at ? (at.of.isModule ? moduleText : text)(site, at, lineOfThrow) : '';
    if (inserted === '') continue;
    if (site.at < done) throw new Error(`sites out of order at ${site.at}`);
    const isFirstOnLine = site.at > lineEnd;
    if (isFirstOnLine) {
      const end = source.indexOf('\n', site.at);
      lineEnd = end < 0 ? source.length : end;
    }
    const whole = piece(isFirstOnLine ? NO_EXCERPT + inserted : inserted);
    if (site.at > done) parts.push(source.slice(done, site.at));
    parts.push(whole);
    insertions.push({ at: site.at, length: whole.length });
    done = site.at;
  }
  parts.push(source.slice(done));
  return { code: parts.join(''), functions: [...plans.keys()], skipped, insertions };
}
