// Works each time that it is told to, and says when it has.
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
function* numbers(n) {
  for (let i = 0; i < n; i++) yield i;
}
async function later(ms) {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
function fails() {
  throw new TypeError('on purpose');
}
async function work() {
  fib(10);
  for (const n of numbers(5)) void n;
  await later(60);
  try {
    fails();
  } catch {
    // as meant
  }
  console.log('done');
}
process.stdin.on('data', () => void work());
process.stdin.on('end', () => process.exit());
console.log('ready');
