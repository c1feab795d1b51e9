// Works until it is told to stop; by a handler, if it is asked for one.
const acorn = require('acorn');
const text = require('node:fs').readFileSync(require.resolve('marked'), 'utf8');
let rounds = 0;
if (process.argv[2] === 'handled')
  process.on('SIGTERM', (signal) => {
    console.log(signal, rounds > 0);
    process.exitCode = 3;
    clearInterval(timer);
  });
const timer = setInterval(() => {
  acorn.parse(text, { ecmaVersion: 2024, sourceType: 'module' });
  if (rounds++ === 0) console.log('ready');
}, 1);
