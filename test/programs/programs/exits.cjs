// process.exit in the middle of a library's call of ours, with things still to do.
const _ = require('lodash');
process.on('exit', (code) => console.log('exit', code));
setTimeout(() => console.log('never'), 10_000);
Promise.resolve().then(() => _.each([1, 2, 3], (n) => _.attempt(() => void (n === 2 && process.exit(7)))));
