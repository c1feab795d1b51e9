exports.dual = function dual() { return 'require'; };
