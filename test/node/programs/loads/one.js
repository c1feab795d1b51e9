require('./two.js'); exports.one = 1;
