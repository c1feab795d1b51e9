/**
 * What the maps of a tool held at the end, from one bpftrace or several, whose keys are put together again.
 *
 * bpftrace joins the parts of a key by commas without escaping, so a tool puts numbers first and at most one text that may
 * hold commas last; `split` takes the parts off the front. Called by session.ts; read by the views of present.ts.
 */
import type { Message } from './bpftrace.js';

/** One bar of a histogram; `max` is missing in the last, `min` in the first. */
export interface Bar {
  readonly min?: number;
  readonly max?: number;
  readonly count: number;
}

/** `stats()` of a map. */
export interface Stats {
  readonly count: number;
  readonly total: number;
}

/** Every map by its name (`@calls`); every value by its key, '' where the map has none. */
export class Results {
  readonly #maps = new Map<string, Map<string, unknown>[]>();

  /** Takes in a message. @returns whether it was a map */
  add(message: Message): boolean {
    if (!['map', 'stats', 'hist', 'lhist'].includes(message.type)) return false;
    for (const [name, value] of Object.entries(message.data as Record<string, unknown>)) {
      const keyed = typeof value === 'object' && value !== null && !Array.isArray(value) && !isStats(value);
      const entries = keyed ? Object.entries(value) : [['', value] as const];
      const maps = this.#maps.get(name) ?? [];
      maps.push(new Map(entries));
      this.#maps.set(name, maps);
    }
    return true;
  }

  /** Names of the maps, sorted. */
  names(): string[] {
    return [...this.#maps.keys()].sort();
  }

  /** Every key and value of a map. A key that two bpftraces have comes twice. */
  *entries(name: string): Generator<[key: string, value: unknown]> {
    for (const map of this.#maps.get(name) ?? []) yield* map;
  }

  /** The same for numbers. */
  *numbers(name: string): Generator<[key: string, value: number]> {
    for (const [key, value] of this.entries(name)) yield [key, Number(value)];
  }

  /** A number without a key, added up. */
  total(name: string): number {
    let total = 0;
    for (const [, value] of this.numbers(name)) total += value;
    return total;
  }
}

const isStats = (value: object): value is Stats => 'count' in value && 'total' in value;

/** The first `count` parts of a key, and the rest, which may hold commas. */
export function split(key: string, count: number): string[] {
  const parts: string[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const comma = key.indexOf(',', at);
    parts.push(comma < 0 ? key.slice(at) : key.slice(at, comma));
    at = comma < 0 ? key.length : comma + 1;
  }
  parts.push(key.slice(at));
  return parts;
}

/** Two histograms in one. */
export function mergeBars(a: readonly Bar[], b: readonly Bar[]): Bar[] {
  const bars = new Map<number, Bar>();
  for (const bar of [...a, ...b]) {
    const from = bar.min ?? Number.NEGATIVE_INFINITY;
    bars.set(from, { ...bar, count: bar.count + (bars.get(from)?.count ?? 0) });
  }
  return [...bars.entries()].sort(([x], [y]) => x - y).map(([, bar]) => bar);
}
