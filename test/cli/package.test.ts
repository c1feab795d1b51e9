import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { plainEnv, start } from '../harness/node.js';

t.test('the packed package, installed elsewhere, runs a program that can be traced', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'polyprobe-package-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const npm = async (cwd: string, ...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await start('npm', args, { cwd, env: plainEnv() }).done;
    t.equal(code, 0, `npm ${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const packed = (await npm(PACKAGE, 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder)).trim();
  const project = join(folder, 'a project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{"name":"elsewhere","type":"module"}');
  await npm(project, 'install', '--no-audit', '--no-fund', join(folder, packed.split('\n').at(-1)!));
  writeFileSync(
    join(project, 'app.js'),
    `import { status } from 'polyprobe'; console.log(status().code, (() => process.env.NODE_OPTIONS !== undefined)());`,
  );
  const run = await start('npx', ['polyprobe', 'run', '--', 'node', 'app.js'], { cwd: project, env: plainEnv() }).done;
  t.equal(run.stdout, 'on true\n', run.stderr);
  const lib = await start('npx', ['polyprobe', 'lib'], { cwd: project, env: plainEnv() }).done;
  t.equal(lib.stdout, `${join(project, 'node_modules/polyprobe/build/Release/libpolyprobe.so')}\n`);
  const own = await start('node', ['app.js'], { cwd: project, env: plainEnv() }).done;
  t.equal(own.stdout, 'on false\n', 'loaded by the program itself as well');
});
