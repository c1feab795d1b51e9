// Objects, closures, recursion, strings and exceptions: a stand-in for a program that calls a lot. CPU ms as JSON.
const [rounds] = process.argv.slice(2).map(Number);
class Node_ {
  constructor(value) {
    this.value = value;
    this.left = null;
    this.right = null;
  }
  insert(value) {
    if (value < this.value) {
      if (this.left) this.left.insert(value);
      else this.left = new Node_(value);
    } else if (this.right) this.right.insert(value);
    else this.right = new Node_(value);
  }
  sum() {
    return this.value + (this.left ? this.left.sum() : 0) + (this.right ? this.right.sum() : 0);
  }
}
const random = (seed) => () => (seed = (seed * 16807) % 2147483647);
function tokens(text) {
  return text
    .split(/\s+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word.length > 2);
}
function count(words) {
  const counts = new Map();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
function parse(text) {
  let at = 0;
  const peek = () => text[at];
  const next = () => text[at++];
  function factor() {
    if (peek() === '(') {
      next();
      const value = sum();
      next();
      return value;
    }
    let digits = '';
    while (peek() >= '0' && peek() <= '9') digits += next();
    return Number(digits);
  }
  function product() {
    let value = factor();
    while (peek() === '*') {
      next();
      value = (value * factor()) % 1000003;
    }
    return value;
  }
  function sum() {
    let value = product();
    while (peek() === '+') {
      next();
      value += product();
    }
    return value;
  }
  return sum();
}
const TEXT = 'The quick brown fox jumps over the lazy dog and runs away from it '.repeat(50);
const EXPRESSION = Array.from({ length: 200 }, (_, i) => `(${i}*3+${i + 1})*2`).join('+');
function once(seed) {
  const next = random(seed);
  const root = new Node_(1 << 30);
  for (let i = 0; i < 2000; i++) root.insert(next());
  return root.sum() + count(tokens(TEXT)).length + parse(EXPRESSION);
}
let least = Infinity;
let check = 0;
for (let i = 0; i < rounds; i++) {
  const before = process.cpuUsage();
  for (let k = 0; k < 20; k++) check += once(k + 1);
  const { user, system } = process.cpuUsage(before);
  least = Math.min(least, (user + system) / 1000);
}
console.log(JSON.stringify({ ms: least, check }));
