require('./one.js'); exports.two = 2;
