// Says at its end how often each function ran; the tracer must say the same.
const ran = Object.create(null);
const count = (name) => (ran[name] = (ran[name] ?? 0) + 1);

function fib(n) {
  count('fib');
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
const arrow = (x) => (count('arrow'), x + 1);
class Shop {
  static open() {
    count('open');
    return new Shop();
  }
  constructor() {
    count('constructor');
    this.sold = 0;
  }
  sell(n) {
    count('sell');
    if (n > 2) throw new RangeError(`sold out: ${n}`);
    this.sold += n;
  }
  get total() {
    count('get total');
    return this.sold;
  }
}
function deep(n) {
  count('deep');
  if (n === 0) throw new Error('bottom');
  deep(n - 1);
}
function guarded(shop, n) {
  count('guarded');
  try {
    shop.sell(n);
  } catch {
    return 0;
  } finally {
    arrow(n);
  }
  return n;
}
function* numbers(n) {
  count('numbers');
  for (let i = 0; i < n; i++) yield arrow(i);
}
async function later(n) {
  count('later');
  await null;
  if (n % 10 === 0) throw new Error('tenth');
  await new Promise((resolve) => setImmediate(resolve));
  return n;
}

fib(15);
for (let i = 0; i < 1000; i++) arrow(i);
const shop = Shop.open();
for (let i = 0; i < 100; i++) guarded(shop, i % 5);
for (let i = 0; i < 10; i++)
  try {
    deep(20);
  } catch {}
let sum = shop.total;
for (const n of numbers(50)) sum += n;
Promise.allSettled(Array.from({ length: 200 }, (_, i) => later(i))).then(() => {
  console.log(JSON.stringify(ran));
});
