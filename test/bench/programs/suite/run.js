// Runs what a module exports, again and again: `run.js MODULE WARM ROUNDS INNER`. CPU of the main thread, ms a round, as JSON.
const [file, warm, rounds, inner] = process.argv.slice(2);
const clock = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const loadStart = clock();
const once = require(file);
const load = clock() - loadStart;
const samples = [];
for (let round = 0; round < Number(warm) + Number(rounds); round++) {
  const start = clock();
  for (let k = 0; k < Number(inner); k++) once();
  if (round >= Number(warm)) samples.push(clock() - start);
}
samples.sort((a, b) => a - b);
const memory = process.memoryUsage();
console.log(JSON.stringify({ min: samples[0], median: samples[samples.length >> 1], total: clock(), load, rss: memory.rss / 1e6, heap: memory.heapUsed / 1e6 }));
