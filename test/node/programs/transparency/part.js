exports.add = function add(a, b) { return a + b; };
exports.fail = () => { throw new Error('part'); };
