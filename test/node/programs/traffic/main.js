// Runs scenes as they are named on stdin, one after the other: `main.js FILE`. What a scene gives is what the program knows.
// Each file exports its scenes; `prepare`, if it's there, is over before the tracer comes.
const { join } = require('path');
const scenes = require(join(__dirname, process.argv[2]));
process.on('uncaughtException', (error) => {
  if (error.message !== 'in a handler') throw error;
});
(async () => {
  await scenes.prepare?.();
  console.log('ready');
  const input = require('readline').createInterface({ input: process.stdin });
  let count = 0;
  for await (const name of input) {
    if (name === 'end') break;
    const known = await scenes[name]();
    console.log(`done ${++count} ${name} ${JSON.stringify(known ?? null)}`);
  }
  process.exit();
})();
