const js = require.extensions['.js'];
require.extensions['.up'] = function (module, filename) {
  const { _compile } = module;
  module._compile = function (code, name, ...rest) {
    module._compile = _compile;
    if (code.includes('__pp')) throw new Error('instrumented before us');
    return module._compile(code.replace('FUNCTION', 'function'), name, ...rest);
  };
  module._compile(require('fs').readFileSync(filename, 'utf8'), filename);
};
