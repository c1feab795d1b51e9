// Does nothing but wait for lines: `calls N` calls `work` N times, `state` says whether functions are hooked, `end` ends.
const { hooked } = require('./hooks.js');
const { createInterface } = require('readline');

function work(n) {
  return n + 1;
}
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [verb, count] = line.split(' ');
  if (verb === 'calls') {
    for (let i = 0; i < Number(count); i++) work(i);
    console.log(`called ${count}`);
  } else if (verb === 'state') console.log(`state ${count} ${hooked()}`);
  else if (verb === 'gc') console.log(`collected ${globalThis.gc?.()}`);
  else process.stdin.destroy();
});
console.log('ready');
