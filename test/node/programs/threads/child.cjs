function inChild(n) { return n < 1 ? 0 : inChild(n - 1); }
inChild(9);
console.log(`pid ${process.pid}`);
