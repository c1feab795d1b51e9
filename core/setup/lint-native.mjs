/**
 * `npm run lint:c`: clang-format over the C and C++ code, clang-tidy over the native library; `--write` formats instead.
 *
 * Leaves out generated files, and the assembler's macros (`*.S.h`), which aren't C. Needs nothing but Node and the two
 * tools. Exits 1 on findings and where a tool is missing.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const top = join(dirname(fileURLToPath(import.meta.url)), '../..');
const write = process.argv.includes('--write');

/** Files below a folder whose names end so, without what is generated, installed or built. */
function files(folder, endings) {
  return readdirSync(join(top, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'build', 'dist'].includes(entry.name) ? [] : files(path, endings);
    return endings.test(entry.name) && !/\.gen\.|\.S\.h$/.test(entry.name) ? [path] : [];
  });
}

function need(tool) {
  if (spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0) return true;
  process.stderr.write(`lint: ${tool} is missing\n  to do: apt-get install ${tool}\n`);
  return false;
}

/** Runs a tool from the top folder. @returns whether it had nothing to say against the files */
function run(tool, args) {
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: top, encoding: 'utf8' });
  if (status === 0) return true;
  // clang-tidy counts on standard error what it has left out; that is no finding.
  const said = `${stdout}${stderr.replace(/^\d+ warnings? generated\.\n/gm, '')}`;
  process.stderr.write(said.replaceAll(`${top}/`, ''));
  return false;
}

const formatted = [
  ...files('native', /\.[ch]$/),
  ...files('providers', /\.(c|h|cc)$/),
  ...files('test/native', /\.(c|h|cc)$/),
];
const checked = files('native/src', /\.c$/);

let good = need('clang-format');
if (good) {
  good = run('clang-format', ['--style=file', ...(write ? ['-i'] : ['--dry-run', '--Werror']), ...formatted]);
  if (!good && !write) process.stderr.write('lint: to format: npm run format\n');
}
if (!write) {
  // As CMake compiles them; a file at a time, so that one that can't be read doesn't hide the others.
  if (!need('clang-tidy')) good = false;
  else
    for (const path of checked)
      good = run('clang-tidy', ['--quiet', path, '--', '-std=gnu11', '-Inative/include']) && good;
}
if (good)
  process.stdout.write(
    `lint: ${formatted.length} files are formatted${write ? '' : `, ${checked.length} have nothing that clang-tidy finds`}\n`,
  );
process.exitCode = good ? 0 : 1;
