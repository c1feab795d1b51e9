// Throws and catches in a file that isn't instrumented: it contains __pp_, which is reserved.
exports.fail = () => {
  throw new RangeError('from a foreign file'); // line 3
};
exports.swallow = (run) => {
  try {
    return run();
  } catch (error) {
    return error;
  }
};
exports.pass = (run) => run();
