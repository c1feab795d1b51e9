// One of V8's own benchmarks (the npm package benchmark-octane) as a CommonJS module, so that it can be instrumented:
// `node octane.js NAME FILE` writes it. Its only changes are what stands before and after its text.
const { readFileSync, writeFileSync } = require('node:fs');
const [name, file] = process.argv.slice(2);
const runs = { richards: 'runRichards', deltablue: 'deltaBlue', raytrace: 'renderScene' };
const text = readFileSync(require.resolve(`benchmark-octane/lib/octane/${name}.js`), 'utf8');
const head = 'function BenchmarkSuite() {} function Benchmark() {} function alert(text) { throw new Error(text); }\n';
writeFileSync(file, `${head}${text}\nmodule.exports = () => { ${runs[name]}(); };\n`);
