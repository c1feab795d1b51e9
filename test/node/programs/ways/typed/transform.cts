// Text that is transformed, not only blanked: lines move.
enum Fruit { Apple = 1, Pear = Apple << 2 }
namespace Prices {
  export function of(fruit: Fruit): number {
    return fruit * 2;
  }
}
class Basket {
  constructor(readonly fruit: Fruit, private count: number) {}
  cost(): number {
    if (this.count > 10) throw new RangeError('too heavy');
    return Prices.of(this.fruit) * this.count;
  }
}
exports.x = 1; console.log(new Basket(Fruit.Pear, 2).cost(), new Basket(Fruit.Apple, 3).cost());
try {
  new Basket(Fruit.Apple, 11).cost();
} catch (error) {
  console.log((error as Error).stack);
}
