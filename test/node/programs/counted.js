// Every function counts itself; the number at the end is how often any was entered, and left.
let entered = 0;
function fib(n) {
  entered++;
  return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
const arrow = (n) => (entered++, n);
function fails(n) {
  entered++;
  if (n === 0) throw new Error('fails');
  return fails(n - 1);
}
class Shop {
  constructor() {
    entered++;
  }
  sell(n) {
    entered++;
    try {
      fails(n);
    } catch {
      return arrow(n);
    }
  }
}
fib(18);
const shop = new Shop();
for (let i = 0; i < 500; i++) shop.sell(i % 7);
for (let i = 0; i < 10_000; i++) arrow(i);
console.log(entered);
