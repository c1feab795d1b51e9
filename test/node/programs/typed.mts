interface Apples {
  count: number;
}
class Shop {
  private sold: number = 0;
  sell(apples: Apples): number {
    return (this.sold += twice(apples.count));
  }
}
function twice(n: number): number {
  return n * 2;
}
const shop: Shop = new Shop();
for (let i = 0; i < 50; i++) shop.sell({ count: i });
