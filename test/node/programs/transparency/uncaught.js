// Ends by an error that nobody catches, thrown in instrumented code.
function inner(n) { if (n > 1) return n; throw new TypeError('nobody catches this'); }
function outer() { return inner(1) + inner(2); }
outer();
