const { inCjs } = require('./inner.cjs');
function inMain() { return inCjs(); }
for (let i = 0; i < 3; i++) inMain();
import('./deep.mjs').then(({ inDeep }) => console.log(inDeep(), inDeep()));
