require('./part.js');
require('./part.js');
console.log('loaded');
