WORD
const { inCjs } = require('./inner.cjs');
exports.made = () => made() + inCjs();
