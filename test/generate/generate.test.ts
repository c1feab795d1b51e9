/** The generators: the committed files are theirs, and a change of the definition changes what it should and no more. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { abi } from '../../core/abi/probes.js';
import type { Abi, Probe } from '../../core/abi/types.js';
import { generators, replaceMarked } from '../../core/generate/main.js';
import type { Output } from '../../core/generate/output.js';
import { noteArguments, X86_64_REGISTERS } from '../../core/generate/stubs.js';

const top = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const outputs = (definition: Abi): Output[] => generators.map((generate) => generate(definition));
const key = (output: Output): string => output.path + (output.marker ? `#${output.marker}` : '');

/** Outputs that differ between two definitions, and the lines that are new or gone there. */
function changed(to: Abi): Map<string, { added: string[]; removed: string[] }> {
  const before = new Map(outputs(abi).map((output) => [key(output), output.text.split('\n')]));
  const result = new Map<string, { added: string[]; removed: string[] }>();
  for (const output of outputs(to)) {
    const [was, is] = [before.get(key(output))!, output.text.split('\n')];
    if (was.join('\n') === is.join('\n')) continue;
    result.set(key(output), {
      added: is.filter((line) => !was.includes(line)),
      removed: was.filter((line) => !is.includes(line)),
    });
  }
  return result;
}

const appended = (served: string[]): Abi => {
  const probe: Probe = {
    name: 'cache__miss',
    since: '1.1',
    stability: 'experimental',
    meaning: 'A cache had nothing.',
    args: [
      { name: 'key', type: 'string', meaning: 'What was | asked for.' },
      { name: 'delta', type: 'i64', meaning: 'How far off.' },
      { name: 'tier', type: 'u64', meaning: 'Which.', values: { near: 0, far: 7 } },
    ],
    runtimes: Object.fromEntries(
      abi.languages.map(({ id }) => [id, { served: served.includes(id) ? 'yes' : 'no', how: 'by | hand' }] as const),
    ),
  };
  return { ...abi, version: { major: 1, minor: 1 }, probes: [...abi.probes, probe] };
};

t.test('the committed files are what the generators write', (test) => {
  const texts = new Map<string, string>();
  for (const output of outputs(abi)) {
    const path = join(top, output.path);
    const text = texts.get(path) ?? readFileSync(path, 'utf8');
    texts.set(path, output.marker ? replaceMarked(text, output.marker, output.text, output.path) : output.text);
  }
  for (const [path, text] of texts) test.equal(readFileSync(path, 'utf8'), text, path);
  test.end();
});

t.test('every generated file says so, and says how to generate it', (test) => {
  for (const output of outputs(abi).filter((one) => !one.marker)) {
    test.match(output.path, /\.gen\./);
    test.match(output.text.slice(0, 400), /Generated from core\/abi\/probes\.ts by `npm run generate`; do not edit\./);
    test.ok(output.text.endsWith('\n') && !output.text.endsWith('\n\n'), `${output.path} ends with one line end`);
    test.notMatch(output.text, /[ \t]+$/m, `${output.path} has no blanks at line ends`);
  }
  test.end();
});

t.test('a probe that nobody fires changes its numbers and the docs, and no stub', (test) => {
  const files = changed(appended([]));
  test.same([...files.keys()].sort(), [
    'README.md#abi',
    'README.md#runtimes',
    'core/abi/abi.gen.cts',
    'native/include/polyprobe_abi.gen.h',
  ]);
  const header = files.get('native/include/polyprobe_abi.gen.h')!;
  test.same(header.added, [
    '#define POLYPROBE_ABI_MINOR 1',
    `  POLYPROBE_PROBE_CACHE__MISS = ${abi.probes.length},`,
    `  POLYPROBE_PROBE_COUNT = ${abi.probes.length + 1}`,
    '/** Argument `tier`: Which. */',
    '#define POLYPROBE_TIER_NEAR 0',
    '#define POLYPROBE_TIER_FAR 7',
  ]);
  test.same(header.removed, ['#define POLYPROBE_ABI_MINOR 0', `  POLYPROBE_PROBE_COUNT = ${abi.probes.length}`]);
  test.same(files.get('README.md#abi')!.added, ['| `cache__miss` | key (str) | delta | tier |  |  |  |']);
  test.same(files.get('README.md#runtimes')!.added, [
    `| \`cache__miss\` | ${abi.languages.map(() => 'no: by \\| hand').join(' | ')} |`,
  ]);
  test.same(files.get('core/abi/abi.gen.cts')!.removed, ['export const ABI_MINOR = 0;']);
  test.end();
});

t.test('a probe that two languages fire has a stub, a site and a snippet', (test) => {
  const files = changed(appended(['node', 'ruby']));
  test.equal(files.size, generators.length, 'every output');
  const args = ['"8@%rdi -8@%rsi 8@%rdx"', '"8@x0 -8@x1 8@x2"'];
  test.same(files.get('native/src/stubs.gen.S'), {
    added: ['node', 'ruby'].map((id) => `STUB polyprobe_${id}, cache__miss, ${args.join(', ')}`),
    removed: [],
  });
  test.same(files.get('native/src/sites.gen.c')!.added, [
    '    [POLYPROBE_PROBE_CACHE__MISS] = POLYPROBE_SITE(polyprobe_node_cache__miss),',
    '  [POLYPROBE_PROVIDER_RUBY] = {',
    '    [POLYPROBE_PROBE_CACHE__MISS] = POLYPROBE_SITE(polyprobe_ruby_cache__miss),',
  ]);
  const header = files.get('native/include/polyprobe_abi.gen.h')!.added;
  for (const id of ['node', 'ruby'])
    test.ok(
      header.includes(
        `POLYPROBE_STUB void polyprobe_${id}_cache__miss(const char *key, int64_t delta, uint64_t tier);`,
      ),
    );
  test.ok(
    files
      .get('core/tracer/tools/events.gen.bt')!
      .added.some((line) => line.includes("cache__miss key='%s' delta=%lld tier=%llu")),
  );
  test.end();
});

t.test(
  'the native library builds from a definition with a probe more, and has its stubs',
  { timeout: 120_000 },
  (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'polyprobe-generate-'));
    test.teardown(() => rmSync(folder, { recursive: true }));
    cpSync(join(top, 'native'), join(folder, 'native'), { recursive: true });
    writeFileSync(
      join(folder, 'CMakeLists.txt'),
      'cmake_minimum_required(VERSION 3.15)\nproject(copy LANGUAGES C)\nset(POLYPROBE_OUTPUT ${CMAKE_BINARY_DIR})\nadd_subdirectory(native)\n',
    );
    for (const output of outputs(appended(['node', 'php'])))
      if (output.path.startsWith('native/')) writeFileSync(join(folder, output.path), output.text);
    execFileSync('cmake', ['-S', folder, '-B', join(folder, 'b')], { stdio: 'pipe' });
    execFileSync('cmake', ['--build', join(folder, 'b')], { stdio: 'pipe' });
    const symbols = execFileSync('nm', ['-D', '--defined-only', join(folder, 'b/libpolyprobe.so')], {
      encoding: 'utf8',
    });
    test.match(symbols, / T polyprobe_node_cache__miss$/m);
    test.match(symbols, / T polyprobe_php_cache__miss$/m);
    test.notMatch(symbols, /polyprobe_ruby_/);
    const use = `#include "polyprobe.h"\nint main(void) { polyprobe_node_cache__miss("", -1, POLYPROBE_TIER_FAR); return POLYPROBE_ARMED(polyprobe_php_cache__miss); }\n`;
    for (const language of ['c', 'c++'])
      for (const more of [[], ['-DPOLYPROBE_NO_STUBS']])
        test.equal(
          spawnSync(
            'gcc',
            [
              '-x',
              language,
              '-fsyntax-only',
              '-fPIC',
              '-Wall',
              '-Wextra',
              '-Werror',
              '-I',
              join(folder, 'native/include'),
              ...more,
              '-',
            ],
            { input: use, encoding: 'utf8' },
          ).stderr,
          '',
          `${language} ${more.join(' ')}`,
        );
    test.end();
  },
);

t.test('signed arguments are marked in the note, in the order of the registers', (test) => {
  const args = abi.probes[0]!.args.map((argument, index) =>
    index % 2 ? { ...argument, type: 'i64' as const } : argument,
  );
  test.equal(noteArguments(args, X86_64_REGISTERS), '8@%rdi -8@%rsi 8@%rdx -8@%rcx 8@%r8 -8@%r9');
  test.equal(noteArguments([], X86_64_REGISTERS), '');
  test.end();
});

t.test('a marked part is replaced between its markers, which must stand there once each, in order', (test) => {
  const text = 'a\n<!-- abi:begin -->\nold\n<!-- abi:end -->\nb\n';
  test.equal(replaceMarked(text, 'abi', 'new', 'x.md'), 'a\n<!-- abi:begin -->\n\nnew\n\n<!-- abi:end -->\nb\n');
  test.equal(
    replaceMarked(replaceMarked(text, 'abi', 'new', 'x.md'), 'abi', 'new', 'x.md'),
    replaceMarked(text, 'abi', 'new', 'x.md'),
  );
  const message = { message: "x.md: expected '<!-- abi:begin -->' and, after it, '<!-- abi:end -->', once each" };
  for (const bad of [
    '',
    '<!-- abi:begin -->',
    '<!-- abi:end -->',
    '<!-- abi:end --><!-- abi:begin -->',
    `${text}${text}`,
    `${text}<!-- abi:end -->`,
  ])
    test.throws(() => replaceMarked(bad, 'abi', 'new', 'x.md'), message, JSON.stringify(bad));
  test.end();
});

t.test('the command exits 0 with --check on this tree', (test) => {
  const { status, stderr } = spawnSync(process.execPath, [join(top, 'dist/core/generate/main.js'), '--check'], {
    encoding: 'utf8',
  });
  test.equal(stderr, '');
  test.equal(status, 0);
  test.end();
});
