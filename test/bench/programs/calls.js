// A small function in a loop: ns of CPU per call, least of several rounds, as JSON.
const [calls, rounds] = process.argv.slice(2).map(Number);
function callee(a, b) {
  return (a + b) & 1023;
}
function round(n) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum = callee(sum, i);
  return sum;
}
let least = Infinity;
for (let i = 0; i < rounds; i++) {
  const before = process.cpuUsage();
  round(calls);
  const { user, system } = process.cpuUsage(before);
  least = Math.min(least, ((user + system) * 1000) / calls);
}
console.log(JSON.stringify({ nsPerCall: least }));
