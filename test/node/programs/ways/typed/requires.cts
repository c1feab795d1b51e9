const { Corner, stack } = require('./shop.mts');
console.log(new Corner().sell({ count: 3 }), stack(44));
