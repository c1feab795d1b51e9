import shop from './shop.cts';
const { Shop, stack } = shop as any;
new Shop().sell({ count: 1 });
console.log(stack(43));
