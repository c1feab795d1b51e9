// Programs that put themselves into the loader: a compiler's hook, extensions of their own, _compile called by hand.
const Module = require('module');
const fs = require('fs');
const seen = [];
const before = Module.prototype._compile;
Module.prototype._compile = function (content, filename, ...rest) {
  seen.push(['_compile', filename.slice(__dirname.length), content.length, rest.length, content.includes('pp_')]);
  return before.call(this, content.replace('a + b', 'a * b'), filename, ...rest);
};
const js = Module._extensions['.js'];
require.extensions['.js'] = function (module, filename) {
  const own = module._compile;
  module._compile = function (code, name) {
    seen.push(['own', name.slice(__dirname.length), code.length, code.includes('pp_')]);
    return own.call(this, code.replace("'part'", "'changed'"), name);
  };
  return js(module, filename);
};
require.extensions['.txt'] = (module, filename) => module._compile(`module.exports = function () { return ${JSON.stringify(fs.readFileSync(filename, 'utf8'))}; };`, filename);
const part = require('./part.js');
console.log(part.add(3, 4), String(part.add), require('./part.txt')(), String(require('./part.txt')));
try { part.fail(); } catch (error) { console.log(error.message, error.stack.split('\n')[1].replace(__dirname, '')); }
const made = new Module('made', module);
made.filename = __dirname + '/made.js';
console.log(made._compile('function f() { return new Error("made").stack.split("\\n")[1] }\nmodule.exports = f(); return 7', made.filename), made.exports.replace(__dirname, ''));
try { made._compile('syntax error here', '/made/broken.js'); } catch (error) { console.log(error.name, error.message, error.stack.split('\n').slice(0, 4).join('|')); }
try { Module.prototype._compile.call(undefined, 'x', 'y'); } catch (error) { console.log(error.name, error.message); }
console.log(JSON.stringify(seen), Module.wrap('x'), require('./part.json').json);
console.log(Object.keys(require.cache).filter((file) => file.startsWith(__dirname)).map((file) => file.slice(__dirname.length)).join());
