require('./compiler.cjs');
const { up } = require('./it.up');
console.log(up(), up(), String(up));
