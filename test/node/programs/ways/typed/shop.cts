interface Apples {
  readonly count: number;
}
type Money =
  | number
  | bigint;
class Shop<T extends Apples = Apples> {
  private sold: number = 0;
  sell(this: Shop, apples: T, price?: Money): number {
    return (this.sold += twice(apples.count as number));
  }
}
function twice(n: number): number {
  if (n > 40) throw new RangeError(`too many: ${n satisfies number}`);
  return n * 2;
}
declare function nowhere(): void;
exports.Shop = Shop;
exports.stack = function stack<T>(n: T): string {
  try {
    return String(twice(n as number));
  } catch (error) {
    return (error as Error).stack!.split('\n').slice(0, 3).join('|');
  }
};
