import { spawnSync } from 'node:child_process';
import t from 'tap';
import { ElfError, ProcessError } from '../../core/elf/errors.js';
import { CliError, ERRORS, EXIT_NO_PERMISSION, EXIT_USAGE, cliError, toCliError } from '../../core/cli/errors.js';
import { errorText, fail, json, table } from '../../core/cli/output.js';

t.test('a table is aligned, without borders, tabs or spaces at the end', async (t) => {
  t.equal(
    table(
      ['PID', 'NAME', 'LAST'],
      [
        [7, 'a', 'x'],
        [1234, 'longer', ''],
      ],
    ),
    ' PID  NAME    LAST\n   7  a       x\n1234  longer\n',
  );
});

t.test('a table without rows is its header', async (t) => {
  t.equal(table(['A', 'B'], []), 'A  B\n');
});

t.test('a cell cannot move the cursor, break the line or turn the text around', async (t) => {
  t.equal(table(['A'], [['\u001b[2Jx\ny\u009b\u202ez']]), 'A\n\\x1b[2Jx\\ny\\x9b\\u202ez\n');
});

t.test('wide letters take two columns', async (t) => {
  t.equal(
    table(
      ['A', 'B'],
      [
        ['\u6f22', 'x'],
        ['ab', 'y'],
      ],
    ),
    'A   B\n\u6f22  x\nab  y\n',
  );
});

t.test('JSON has every key, exact numbers, and no control character', async (t) => {
  const value = { small: 7n, large: 2n ** 60n, none: undefined, text: '\u009b\u001b"\n' };
  t.equal(
    json(value),
    '{\n  "small": 7,\n  "large": "1152921504606846976",\n  "none": null,\n  "text": "\\u009b\\u001b\\"\\n"\n}\n',
  );
  t.strictSame(JSON.parse(json(value)), {
    small: 7,
    large: '1152921504606846976',
    none: null,
    text: value.text,
  });
});

t.test('every entry of the table has its words and a status', async (t) => {
  for (const [code, entry] of Object.entries(ERRORS)) {
    t.match(entry, { what: /./, expected: /./, todo: /./ }, code);
    t.ok(entry.exit > 0 && entry.exit < 128, `${code}: 0 is success, and from 128 on are signals`);
  }
});

t.test('an error is one sentence, what was expected, and what to do', async (t) => {
  const error = toCliError(new ElfError('not-elf', '/a\u001b', 'expected an ELF file'));
  t.equal(
    errorText(error),
    'polyprobe: /a\\x1b is not a program\n  expected: an ELF file\n' +
      '  to do: check the path, or give the program or library itself, not a script that starts it\n',
  );
  t.equal(toCliError(new ProcessError('no-permission', 7, 'expected x')).exitCode, EXIT_NO_PERMISSION);
  t.equal(cliError('usage', { detail: 'a', expected: 'b' }).exitCode, EXIT_USAGE);
  t.equal(toCliError('odd').code, 'unexpected');
  t.throws(() => fail('mine', 'a', 'b', 'c', 5), { name: 'CliError', code: 'mine', exitCode: 5 });
  t.throws(() => fail('mine', 'a', 'b', 'c', 5), CliError);
});

const MODULE = new URL('../../core/cli/output.js', import.meta.url).href;

function bash(line: string, env: Record<string, string> = {}): { stdout: string; stderr: string } {
  return spawnSync('bash', ['--norc', '--noprofile', '-c', line], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NODE: process.execPath, ...env },
  });
}

t.test('a reader that goes away ends the program quietly', async (t) => {
  const script = `import('${MODULE}').then((o) => { for (let i = 0; i < 100; i++) o.print('x'.repeat(65536)); })`;
  const { stdout, stderr } = bash(`"$NODE" -e "$SCRIPT" | head -c 1; echo " \${PIPESTATUS[0]}"`, {
    SCRIPT: script,
  });
  t.equal(stdout, 'x 0\n');
  t.equal(stderr, '');
});

t.test('colours are for terminals, and only if wanted', async (t) => {
  const script = `import('${MODULE}').then((o) => process.stdout.write(o.table(['A'], [])))`;
  const plain = { SCRIPT: script, TERM: 'xterm' };
  t.equal(bash('"$NODE" -e "$SCRIPT" | cat', { ...plain, FORCE_COLOR: '1', CI: '1' }).stdout, 'A\n');
  // script(1) runs its command on a terminal of its own.
  const onTerminal = `script -qec '"$NODE" -e "$SCRIPT"' /dev/null`;
  t.equal(bash(onTerminal, plain).stdout, '\u001b[1mA\u001b[22m\r\n');
  t.equal(bash(onTerminal, { ...plain, NO_COLOR: '1' }).stdout, 'A\r\n');
  t.equal(bash(onTerminal, { ...plain, TERM: 'dumb' }).stdout, 'A\r\n');
});
