/**
 * builtins: functions as they were before the program could replace them, so that what runs in the middle of a program
 * neither falls over a replaced one nor is seen by it.
 *
 * The language's own are safe in the provider's realm (realm.cts); these are for modules that may run outside of it as well.
 */
const { apply, ownKeys } = Reflect;
const { create, defineProperty, getPrototypeOf } = Object;

/** A method as a function of its object. */
function unbound<Self, Args extends unknown[], Result>(
  method: (this: Self, ...args: Args) => Result,
): (self: Self, ...args: Args) => Result {
  return Function.prototype.call.bind(method) as (self: Self, ...args: Args) => Result;
}

const text = String.prototype;
export { apply, create, defineProperty, getPrototypeOf, ownKeys };
export const indexOf = unbound(text.indexOf);
export const lastIndexOf = unbound(text.lastIndexOf);
export const slice = unbound(text.slice);
export const startsWith = unbound(text.startsWith);
export const mapGet = unbound(Map.prototype.get) as <Key, Value>(map: Map<Key, Value>, key: Key) => Value | undefined;
export const mapSet = unbound(Map.prototype.set) as <Key, Value>(map: Map<Key, Value>, key: Key, value: Value) => void;

/**
 * Gives a function that has no name the one by which it was found. Stack traces show such a function by the property that
 * holds it, and that holds one of ours now. (Node 20's V8 shows where it was first assigned.)
 */
export function named<F extends (...args: never[]) => unknown>(original: F, name: string): F {
  if (original.name === '' && parseInt(process.versions.node, 10) > 20)
    defineProperty(original, 'name', { value: name, configurable: true });
  return original;
}
