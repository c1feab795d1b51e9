// A loop that never yields. Each round: waits to be hooked and told, calls `work` exactly N times, waits to be unhooked.
const { hooked, told, say } = require('./hooks.js');
const [name, rounds, calls] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

function work(n) {
  return n + 1;
}
say('ready');
for (let round = 0; round < rounds; round++) {
  while (!hooked()) work(0);
  say(`hooked ${round} ${Date.now()}`);
  while (!told(`${name}-${round}`));
  for (let i = 0; i < calls; i++) work(i);
  say(`called ${round}`);
  while (hooked());
  say(`unhooked ${round} ${Date.now()}`);
}
say('end');
