/**
 * taps: looks on while the runtime calls one of its own methods, where no diagnostics channel tells what is needed.
 *
 * A tap is a property of the object itself, in front of the method, and is there only while somebody needs it. What it puts
 * there shows in no stack trace and can't change arguments or outcome (`addon.wrap`). Several may look at the same method.
 */
import type { Addon } from './addon.cjs';

/** Is called before the method, with its arguments (an array of the program's realm: no iteration) and its object. */
export type Look = (args: readonly unknown[], self: object) => unknown;
/** Is called after the method, with what `Look` returned; then an exception passes through native code on its way. */
export type LookBack = (noted: unknown, result: unknown, thrown: unknown) => void;

type Method = (...args: never[]) => unknown;
type Methods = Record<PropertyKey, Method>;

interface Looker {
  readonly before: Look;
  readonly after: LookBack | undefined;
}

interface Tap {
  readonly lookers: Set<Looker>;
  readonly ours: Method;
  /** What the object had of its own. */
  readonly own: PropertyDescriptor | undefined;
}

const nothing = (): void => undefined;

/** All taps of an isolate. */
export class Taps {
  readonly #addon: Addon;
  readonly #taps = new WeakMap<object, Map<PropertyKey, Tap>>();

  constructor(addon: Addon) {
    this.#addon = addon;
  }

  /**
   * Looks at a method from now on. All who look at the same method do so with `after`, or all without.
   * @returns what ends it. Where an object can't be changed (it is frozen, say), nothing is looked at
   */
  tap(object: object, name: PropertyKey, before: Look, after?: LookBack): () => void {
    try {
      const tap = this.#tapOf(object, name, after !== undefined);
      const looker = { before, after };
      tap.lookers.add(looker);
      return () => {
        if (tap.lookers.delete(looker) && tap.lookers.size === 0) this.#remove(object, name, tap);
      };
    } catch {
      return nothing;
    }
  }

  #tapOf(object: object, name: PropertyKey, withAfter: boolean): Tap {
    const taps = this.#taps.get(object) ?? new Map<PropertyKey, Tap>();
    this.#taps.set(object, taps);
    const known = taps.get(name);
    if (known) return known;
    const lookers = new Set<Looker>();
    const before = (args: unknown[], self: unknown): unknown[] => {
      const notes: unknown[] = [];
      for (const looker of lookers) notes.push(looker.before(args, self as object));
      return notes;
    };
    const after = (notes: unknown[], result: unknown, thrown: unknown): void => {
      let at = 0;
      for (const looker of lookers) looker.after?.(notes[at++], result, thrown);
    };
    const ours = this.#addon.wrap((object as Methods)[name]!, before, withAfter ? after : undefined);
    const own = Object.getOwnPropertyDescriptor(object, name);
    const shape = own ?? { writable: true, enumerable: false, configurable: true };
    Object.defineProperty(object, name, { ...shape, value: ours });
    const tap = { lookers, ours, own };
    taps.set(name, tap);
    return tap;
  }

  #remove(object: object, name: PropertyKey, tap: Tap): void {
    this.#taps.get(object)?.delete(name);
    try {
      // Somebody may have wrapped ours meanwhile: then it stays, and does nothing.
      if (Object.getOwnPropertyDescriptor(object, name)?.value !== tap.ours) return;
      if (tap.own) Object.defineProperty(object, name, tap.own);
      else delete (object as Partial<Methods>)[name];
    } catch {
      // It was frozen in between.
    }
  }
}
