function* count(to) {
  for (let i = 1; i <= to; i++) yield i;
}
function add() {
  let sum = 0;
  for (const i of count(2)) sum += i;
  return sum;
}
console.log(add());
