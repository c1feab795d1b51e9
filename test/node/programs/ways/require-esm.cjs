const { inDeep, inCjs } = require('./deep.mjs');
const { inEsm } = require('./reexport.mjs');
function inMain() { return inDeep() + inCjs() + inEsm(); }
console.log(inMain());
