exports.inWorker = function inWorker(n) { return n + 1; };
