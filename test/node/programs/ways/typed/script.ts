const { Shop } = require('./shop.cts');
function sold(n: number): number { return new Shop().sell({ count: n }); }
console.log(sold(1), sold(2));
