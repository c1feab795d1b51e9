// Child processes of every kind; each says its pid.
const { fork, spawn, exec, execFile, spawnSync, execSync } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const child = join(__dirname, 'child.cjs');
const env = { PATH: process.env.PATH };
const node = process.execPath;
const KINDS = {
  fork: () => fork(child, [], { stdio: 'inherit' }),
  forkNoArgs: () => fork(child, [], { stdio: 'inherit', execArgv: [] }),
  spawn: () => spawn(node, [child], { stdio: 'inherit' }),
  exec: () => piped(exec(`"${node}" "${child}"`)),
  execFile: () => piped(execFile(node, [child])),
  shell: () => spawn(`"${node}" "${child}"`, { shell: true, stdio: 'inherit' }),
  detached: () => spawn(node, [child], { stdio: 'inherit', detached: true }),
  cleared: () => spawn(node, [child], { stdio: 'inherit', env }),
  module: () => spawn(node, [join(__dirname, 'child.mjs')], { stdio: 'inherit' }),
  stdin() {
    const it = spawn(node, ['-'], { stdio: ['pipe', 'inherit', 'inherit'] });
    it.stdin.end(`require(${JSON.stringify(child)})`);
    return it;
  },
};
function piped(it) {
  it.stdout.pipe(process.stdout);
  return it;
}
(async () => {
  for (const kind of process.argv.slice(2)) {
    const [code] = await once(KINDS[kind](), 'close');
    console.log(kind, code);
  }
})();
