// Games with require, as mocks and loaders of tests play them.
const Module = require('node:module');
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const { _load, _resolveFilename } = Module;
const log = [];
Module._load = function (request, parent, isMain) {
  log.push(`load ${request} by ${parent && path.basename(parent.filename)}`);
  return request === 'mocked' ? { mocked: true } : Reflect.apply(_load, this, arguments);
};
Module._resolveFilename = function (request, ...rest) {
  return request === 'alias' ? require.resolve('./parts/part.cjs') : Reflect.apply(_resolveFilename, this, [request, ...rest]);
};
Module._extensions['.cjs'] = ((original) => function (module, file) {
  const { _compile } = module;
  module._compile = function (text, name) {
    return _compile.call(this, text.replace('one: 1', 'one: 11'), name);
  };
  return (original ?? Module._extensions['.js'])(module, file);
})(Module._extensions['.cjs']);
Module._extensions['.txt'] = (module, file) => { module.exports = fs.readFileSync(file, 'utf8'); };

console.log(require('mocked'), require('alias'), require('./static/page.txt'), require('alias') === require('./parts/part.cjs'));
delete require.cache[require.resolve('./parts/part.cjs')];
console.log(require('./parts/part.cjs').count(), require.cache[require.resolve('./parts/part.cjs')].children.length);

// As jest does: a registry and a compilation of its own, in a realm of its own.
const context = vm.createContext({ console, process });
const registry = new Map();
const load = (file) => {
  if (registry.has(file)) return registry.get(file).exports;
  const module = { exports: {} };
  registry.set(file, module);
  const wrapper = vm.runInContext(Module.wrap(fs.readFileSync(file, 'utf8')), context, { filename: file });
  wrapper.call(module.exports, module.exports, (name) => (name.startsWith('.') ? load(path.join(path.dirname(file), name)) : require(name)), module, file, path.dirname(file));
  return module.exports;
};
console.log(load(path.join(__dirname, 'parts/part.cjs')).count(), vm.runInContext('String', context)(load), load(require.resolve('lodash')).chunk([1, 2, 3], 2));

// Code that rewrites a module's text before it is compiled (rewire, proxyquire).
const rewired = new Module('rewired', module);
rewired.filename = path.join(__dirname, 'parts/rewired.cjs');
rewired.paths = module.paths;
rewired._compile(`${fs.readFileSync(path.join(__dirname, 'parts/part.cjs'), 'utf8')}\nmodule.exports.__get__ = (name) => eval(name);`, rewired.filename);
console.log(rewired.exports.__get__('hidden'), String(rewired.exports.__get__('secret')), rewired.exports.count());
const made = new Module('made');
made._compile('module.exports = function f() { return new Error("made").stack.split("\\n")[1] }', '/made/up.js');
console.log(made.exports(), String(made.exports));
console.log(Module.wrap('x'), module.children.map(({ id }) => path.basename(id)), Object.keys(require.cache).map((id) => path.basename(id)));
console.log(log.join('\n'));
