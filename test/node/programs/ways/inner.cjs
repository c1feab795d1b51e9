exports.inCjs = function inCjs() { return 'cjs'; };
