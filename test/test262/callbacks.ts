/**
 * What instrumented code calls in each state that a test is run in.
 *
 *   plain      the program as it is
 *   untraced   instrumented, the callbacks undefined
 *   traced     the callbacks are a model that is stricter than a tracer: what comes out of order is written down
 *   flipping   each look at a callback finds it there or not, by a sequence that is the same each time
 *   native     the addon's own callbacks, while a tracer counts what they fire
 *   flicker    the same, there or not at each look
 *
 * Owns: those values, and what the model finds wrong. Called by: `realm.ts`, `child.ts`.
 */
export const STATES = ['plain', 'untraced', 'traced', 'flipping', 'native', 'flicker'] as const;
export type State = (typeof STATES)[number];

export const NAMES = ['__pp_e', '__pp_r', '__pp_x', '__pp_t', '__pp_c', '__pp_s', '__pp_m'] as const;
type Name = (typeof NAMES)[number];

interface Frame {
  readonly id: number;
  /** In the order of entry. */
  readonly serial: number;
  state: 'running' | 'suspended' | 'over';
}

/** What the entry of a function that isn't lasting gives: called at the return. */
interface Leave {
  (): void;
  frame?: Frame;
}

/** What __pp_e is while nobody traces. */
const NOBODY: object = Object.freeze(Object.setPrototypeOf({}, null) as object);

/** What instrumented programs ask for their entries, by names like f000017; g for lasting functions. */
function entries(enter: (id: number, isLasting: boolean) => unknown): object {
  const get = (_: object, name: string | symbol): unknown =>
    typeof name === 'string' && /^[fg][0-9a-f]{6}$/.test(name)
      ? enter(parseInt(name.slice(1), 16), name.startsWith('g'))
      : undefined;
  // An object that inherits from a proxy, like the addon's: a program may freeze it.
  return Object.create(new Proxy(Object.setPrototypeOf({}, null) as object, { get })) as object;
}

/** The shadow stack, as `addon/functions.cc` keeps it, but nothing is forgiven. */
export class Model {
  readonly wrong = new Set<string>();
  entries = 0;
  exits = 0;
  readonly #stack: Frame[] = [];

  readonly callbacks: Record<Name, object> = {
    __pp_e: entries((id, isLasting) => {
      const frame: Frame = { id, serial: ++this.entries, state: 'running' };
      this.#stack.push(frame);
      if (isLasting) return frame;
      const leave: Leave = () => this.#leave(id, frame);
      leave.frame = frame;
      return leave;
    }),
    __pp_r: (id: number, frame: Frame) => this.#leave(id, frame),
    __pp_x: (id: number, frame: Frame) => this.#leave(id, frame),
    __pp_c: (id: number, ...[token, , inModule]: [token?: unknown, caught?: unknown, inModule?: 1]) => {
      if (token === undefined) return this.entries + 1;
      if (inModule === undefined)
        this.#top(id, typeof token === 'function' ? (token as Leave).frame : (token as Frame));
      else this.#unwindSince(token as number);
      return token;
    },
    __pp_t: () => undefined,
    __pp_s: (id: number, frame: Frame) => {
      if (!this.#is(id, frame) || frame.state === 'suspended') return;
      this.#top(id, frame);
      this.#stack.pop();
      frame.state = 'suspended';
    },
    __pp_m: (id: number, frame: Frame) => this.#top(id, frame),
  };

  /** The outermost call has ended: what is open was left by an exception. */
  drain(): void {
    for (const frame of this.#stack.splice(0)) this.#end(frame);
  }

  #is(id: number, frame: Frame | undefined): frame is Frame {
    if (typeof frame !== 'object') this.wrong.add(`no token: ${id}`);
    else if (frame.id !== id) this.wrong.add(`token of ${frame.id} in ${id}`);
    else if (frame.state === 'over') this.wrong.add(`over already: ${id}`);
    else return true;
    return false;
  }

  #end(frame: Frame): void {
    frame.state = 'over';
    this.exits++;
  }

  /** What a module has called since is over. */
  #unwindSince(serial: number): void {
    if (typeof serial !== 'number') this.wrong.add('no token in a module');
    while (this.#stack.length > 0 && this.#stack.at(-1)!.serial >= serial) this.#end(this.#stack.pop()!);
  }

  /** Makes a frame the running one. */
  #top(id: number, frame: Frame | undefined): Frame | undefined {
    if (!this.#is(id, frame)) return frame;
    if (frame.state === 'suspended') {
      frame.state = 'running';
      this.#stack.push(frame);
    }
    while (this.#stack.length > 0 && this.#stack.at(-1) !== frame) this.#end(this.#stack.pop()!);
    return frame;
  }

  #leave(id: number, frame: Frame): void {
    if (!this.#is(id, frame)) return;
    this.#top(id, frame);
    this.#stack.pop();
    this.#end(frame);
  }
}

/** Tokens are passed on, and there may be none: what instrumented code has to bear while tracers come and go. */
const TOLERANT: Record<Name, object> = {
  __pp_e: entries((_, isLasting) => (isLasting ? 7 : () => undefined)),
  __pp_r: () => undefined,
  __pp_x: () => undefined,
  __pp_t: () => undefined,
  __pp_c: (...given: unknown[]) => (given.length === 1 ? 7 : given[1]),
  __pp_s: () => undefined,
  __pp_m: (_: number, token: unknown) => token,
};

/** The addon's, which are properties of this realm's global object while a tracer is attached. */
function native(): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name) => [name, (globalThis as Record<string, unknown>)[name]]));
}

/** Values of a callback's property: a value, or a getter that changes its mind. */
export function descriptors(state: State, model: Model): PropertyDescriptorMap {
  const source: Record<string, unknown> =
    state === 'traced'
      ? model.callbacks
      : state === 'flipping'
        ? TOLERANT
        : state === 'native' || state === 'flicker'
          ? native()
          : {};
  let random = 1;
  const flips = state === 'flipping' || state === 'flicker';
  const descriptor = (name: Name): PropertyDescriptor => {
    const nobody = name === '__pp_e' ? NOBODY : undefined;
    const value = source[name] ?? nobody;
    if (!flips) return { value, writable: true, configurable: true, enumerable: false };
    return {
      get() {
        random = (random * 1103515245 + 12345) % 0x80000000;
        return random & 0x10000 ? value : nobody;
      },
      configurable: true,
      enumerable: false,
    };
  };
  return Object.fromEntries(NAMES.map((name) => [name, descriptor(name)]));
}
