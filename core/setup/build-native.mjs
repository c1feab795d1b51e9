/**
 * Builds the native library and Node's provider by cmake-js. Run by npm when the package is installed, by the set-up, and by
 * `polyprobe build`.
 *
 * It builds for the Node that runs it; `--node PATH` names another one on this machine, which then runs it. What is built
 * for several stands side by side, and each loads its own.
 *
 * Without `--required` a machine that can't build (no compiler, no headers, another platform) gets a message and exit
 * code 0: the package then installs, does nothing, and says so (`polyprobe check`, `status()`).
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const required = process.argv.includes('--required');
const other = process.argv.indexOf('--node');
if (other > 0) {
  const rest = process.argv.filter((_, index) => index > 1 && index !== other && index !== other + 1);
  const { status, error } = spawnSync(process.argv[other + 1], [fileURLToPath(import.meta.url), ...rest], {
    stdio: 'inherit',
    // What is set for this one's sake is no business of the other's: it may not know an option.
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (error) giveUp(`${process.argv[other + 1]} could not be run (${error.message})`, 'name a Node.js: --node PATH');
  process.exit(status ?? 1);
}

function giveUp(what, todo) {
  process.stderr.write(`polyprobe: ${what}\n  to do: ${todo}\n`);
  process.exit(required ? 1 : 0);
}

if (process.platform !== 'linux')
  giveUp(`no probes on ${process.platform}, nothing was built`, 'use it on Linux; elsewhere it does nothing');

const require = createRequire(join(top, 'package.json'));
let cmakeJs;
try {
  cmakeJs = join(dirname(require.resolve('cmake-js/package.json')), 'bin', 'cmake-js');
} catch {
  giveUp('cmake-js is missing, nothing was built', 'npm install');
}
for (const [tool, args] of [
  ['cmake', ['--version']],
  ['c++', ['--version']],
])
  if (spawnSync(tool, args, { stdio: 'ignore' }).status !== 0)
    giveUp(`${tool} is missing, nothing was built`, 'apt-get install cmake g++ make, then: npm rebuild polyprobe');

// A folder for each version of Node's interface; from there into build/Release, where all stand side by side.
const folder = join(top, 'build', `node-${process.versions.modules}`);
const built = spawnSync(process.execPath, [cmakeJs, 'compile', '--log-level', 'error', '--out', folder], {
  cwd: top,
  encoding: 'utf8',
  env: {
    ...process.env,
    npm_config_loglevel: 'error',
    // CMake asks `node` for the headers: it must be the one that runs this.
    PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ''}`,
  },
});
if (built.status !== 0) {
  process.stderr.write(`${built.stdout ?? ''}${built.stderr ?? ''}`);
  giveUp('the native part could not be built', 'see the messages above, then the same command again');
}

// Running programs have the old files mapped, and tracers are attached to them by inode: an equal file stays, another one
// takes its place by a rename, never by writing into it.
const release = join(top, 'build', 'Release');
mkdirSync(release, { recursive: true });
for (const name of readdirSync(join(folder, 'Release'))) {
  if (!/^(libpolyprobe\.so|polyprobe_node\.\d+\.node)$/.test(name)) continue;
  const [from, to] = [join(folder, 'Release', name), join(release, name)];
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) continue;
  copyFileSync(from, `${to}.${process.pid}`);
  renameSync(`${to}.${process.pid}`, to);
}
