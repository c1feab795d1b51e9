const vm = require('node:vm');
const how = vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
new vm.Script('imp' + 'ort(file)', { importModuleDynamically: how, filename: __filename });
globalThis.file = require('node:url').pathToFileURL(__dirname + '/inner.mjs').href;
new vm.Script('import(file)', { importModuleDynamically: how, filename: __filename }).runInThisContext().then(({ inEsm }) => console.log(inEsm()));
