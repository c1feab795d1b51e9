// Runs what a module exports whenever a line comes in: `stay.js MODULE INNER`. CPU ms of it and memory, as JSON.
const [file, inner] = process.argv.slice(2);
const once = require(file);
const clock = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
console.log('ready');
process.stdin.on('data', (line) => {
  const start = clock();
  for (let k = 0; k < Number(inner); k++) once();
  const ms = clock() - start;
  // It throws away code as well: only where memory is what is asked for.
  if (String(line).includes('heap')) globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  console.log(JSON.stringify({ ms, heap: heapUsed / 1e6, rss: rss / 1e6 }));
});
process.stdin.on('end', () => process.exit());
