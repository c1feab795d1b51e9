import type { Nothing } from './types.mts';
export type Apples = { count: number };
export abstract class Shop {
  protected sold: number = 0;
  abstract price(): number;
  sell(apples: Apples): number {
    return (this.sold += twice(apples.count) * this.price());
  }
}
export class Corner extends Shop {
  override price(): number { return 2; }
}
function twice(n: number): number {
  if (n > 40) throw new RangeError('too many');
  return n * 2;
}
export const stack = (n: number): string => {
  try {
    return String(twice(n));
  } catch (error: unknown) {
    return (error as Error).stack!.split('\n').slice(0, 3).join('|');
  }
};
