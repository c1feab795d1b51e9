// Calls one function as often as it is told, and nothing else.
function known(a, b) {
  return a + b;
}
let sum = 0;
for (let i = 0; i < Number(process.argv[2]); i++) sum = known(sum, i);
console.log(sum);
