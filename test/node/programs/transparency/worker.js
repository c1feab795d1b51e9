// Stack traces and texts of functions in a worker.
const { Worker, isMainThread, parentPort } = require('worker_threads');
function inside() { return [new Error('in a worker').stack.split('\n').slice(0, 2).join('|'), `${inside}`, Object.keys(globalThis).join()]; }
if (isMainThread) {
  const worker = new Worker(__filename);
  worker.on('message', (message) => { console.log(message.join('\n')); worker.postMessage('go on'); });
  worker.on('error', (error) => console.log('error', error.stack.split('\n').slice(0, 2).join('|')));
  worker.on('exit', (code) => { console.log('exit', code); new Worker('const f = () => new Error("evaluated").stack.split("\\n")[1]; console.log(f(), String(f))', { eval: true }); });
} else {
  parentPort.postMessage(inside());
  parentPort.once('message', () => { throw new Error('thrown in a worker'); });
}
