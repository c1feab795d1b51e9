// What a program sees of its global object.
const seen = [];
for (const name in globalThis) seen.push(name);
console.log(seen.join(), Object.keys(globalThis).join(), JSON.stringify(Object.keys(Object.getOwnPropertyDescriptors(Object.prototype))));
console.log(Object.entries(globalThis).length, Object.keys(process).join(), Object.keys(module).join(), Object.keys(require).join(), require.main === module);
console.log(process.argv.length, process.execArgv.length, process.listenerCount('exit'), module.children.length);
console.log(process.getActiveResourcesInfo().join(), process._getActiveHandles().length, Object.keys(require('module')._extensions).join(), module.paths.length);
console.log(require('module')._load.name, require('module')._load.length, require('module').prototype._compile.name, require('module').prototype._compile.length);
console.log(Error.stackTraceLimit, typeof Error.prepareStackTrace, Object.keys(Error).join(), Reflect.ownKeys(Error).join());
Object.freeze(globalThis);
function after() { return 'frozen'; }
console.log(after(), Object.isFrozen(globalThis));
