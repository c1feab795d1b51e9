const { Shop, stack } = require('./shop.cts') as { Shop: new () => { sell(a: { count: number }): number }; stack: (n: number) => string };
const shop = new Shop();
for (let i: number = 0; i < 20; i++) shop.sell({ count: i });
console.log(stack(41), stack(1));
console.log(String(stack));
