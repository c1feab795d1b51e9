// Looks at everything that loads or reads files, from its first line on, and loads packages that the provider needs itself.
const Module = require('node:module');
const fs = require('node:fs');
console.log(Object.keys(require.cache).length, module.children.length);

const watch = (object, name) => {
  const original = object[name];
  object[name] = function (...args) {
    console.log(name, typeof args[0] === 'object' ? typeof args[0] : args[0]);
    return original.apply(this, args);
  };
};
for (const name of ['_load', '_resolveFilename', '_findPath', '_nodeModulePaths']) watch(Module, name);
for (const name of ['readFileSync', 'openSync', 'statSync', 'lstatSync', 'writeFileSync', 'mkdirSync', 'renameSync']) watch(fs, name);
for (const name of ['readSync', 'writeSync', 'closeSync', 'readdirSync']) watch(fs, name);
const js = Module._extensions['.js'];
Module._extensions['.js'] = function (module, file) {
  console.log('.js', file);
  return js(module, file);
};

const acorn = require('acorn');
acorn.parse = () => 'ours';
const picomatch = require('picomatch');
console.log(acorn.parse(''), picomatch('*.js')('a.js'), typeof require('@jridgewell/sourcemap-codec').decode);
console.log(Object.keys(require.cache).join('\n'));
require('./part.js');
require('./part.json');
