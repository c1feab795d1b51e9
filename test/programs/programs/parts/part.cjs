let hidden = 41;
function secret(a, b = 2) {
  return a * b;
}
module.exports = { one: 1, count() { return ++hidden + require('./other.cjs').two(); } };
