// Workers of every kind, one after the other.
const { Worker, SHARE_ENV } = require('node:worker_threads');
const { once } = require('node:events');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const url = (name) => pathToFileURL(join(__dirname, name));
const code = `const { inWorker } = require(${JSON.stringify(join(__dirname, 'work.cjs'))}); inWorker(1); inWorker(2);`;
const importing = `import(${JSON.stringify(url('work.mjs').href)}).then(({ inModule }) => inModule(1));`;
const data = (text) => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
const { NODE_OPTIONS, ...bare } = process.env;
const KINDS = {
  file: () => new Worker(join(__dirname, 'file.cjs')),
  url: () => new Worker(url('file.cjs')),
  module: () => new Worker(url('file.mjs')),
  eval: () => new Worker(code, { eval: true }),
  evalImport: () => new Worker(importing, { eval: true }),
  data: () => new Worker(data(`import { inModule } from ${JSON.stringify(url('work.mjs').href)}; inModule(1); inModule(2); inModule(3);`)),
  shared: () => new Worker(join(__dirname, 'file.cjs'), { env: SHARE_ENV }),
  ownEnv: () => new Worker(join(__dirname, 'file.cjs'), { env: { A: '1' } }),
  bareEnv: () => new Worker(join(__dirname, 'file.cjs'), { env: bare }),
  noArgs: () => new Worker(url('file.mjs'), { execArgv: [] }),
  argv: () => new Worker(join(__dirname, 'file.cjs'), { argv: ['--x'], execArgv: ['--no-warnings'] }),
  nested: () => new Worker(`new (require('node:worker_threads').Worker)(${JSON.stringify(join(__dirname, 'file.cjs'))})`, { eval: true }),
};
(async () => {
  for (const kind of process.argv.slice(2)) {
    const worker = KINDS[kind]();
    const said = [];
    worker.on('message', (text) => said.push(text)).on('error', (error) => said.push(error.message));
    const [exit] = await once(worker, 'exit');
    console.log(kind, said.join(), exit);
  }
})();
