/** Wrong command lines: one form for all, whoever noticed, and exit status 2. */
import t from 'tap';
import { CLI, plainEnv, start } from '../harness/node.js';

const polyprobe = (args: readonly string[]) => start(process.execPath, [CLI, ...args], { env: plainEnv() }).done;

const WRONG: Record<string, readonly [args: readonly string[], what: string, expected: RegExp, todo: string]> = {
  'an unknown command': [['bogus'], "unknown command 'bogus'", /^one of run, env, /, ''],
  'help for an unknown command': [['help', 'nope'], "unknown command 'nope'", /^one of run, env, /, ''],
  'an unknown option': [['run', '--nope', 'true'], "unknown option '--nope'", /^an option of polyprobe run$/, 'run '],
  'a missing argument': [
    ['run'],
    "missing required argument 'command'",
    /^polyprobe run \[options\] <command>/,
    'run ',
  ],
  'a missing value': [['run', '-i'], "option '-i, --include <glob>' argument missing", /^a value/, 'run '],
  'too many arguments': [['lib', 'x'], "too many arguments for 'lib'", /^0 arguments/, 'lib '],
  'no process number': [
    ['trace', 'gc', '-p', 'x'],
    "option '-p, --pid <pid>' argument 'x' is invalid",
    /^a process number, 1 to 4194304$/,
    'trace ',
  ],
  'a process number of 0': [
    ['check', '-p', '0'],
    "option '-p, --pid <pid>' argument '0' is invalid",
    /^a process number, 1 to 4194304$/,
    'check ',
  ],
  'an empty path': [['run', '--report', '', 'true'], '--report is empty', /^a path$/, ''],
};

for (const [name, [args, what, expected, todo]] of Object.entries(WRONG))
  t.test(`${name} is told with what was expected and what to do`, async (t) => {
    const { code, stdout, stderr } = await polyprobe(args);
    t.same([code, stdout], [2, '']);
    const [first, second, third, end] = stderr.split('\n');
    t.equal(first, `polyprobe: ${what}`);
    t.match(second?.replace('  expected: ', ''), expected);
    t.same([third, end], [`  to do: see polyprobe ${todo}--help`, '']);
  });

for (const [glob, problem] of [
  ['src/[a', /missing closing/],
  ['{a,b', /missing closing/],
  ['', /it is empty/],
  ['!**/*.js', /--exclude/],
] as const)
  for (const option of ['--include', '--exclude'])
    t.test(`'${glob}' is no glob for ${option}`, async (t) => {
      for (const command of [
        ['run', option, glob, '--', 'true'],
        ['env', option, glob],
      ]) {
        const { code, stdout, stderr } = await polyprobe(command);
        t.same([code, stdout], [2, '']);
        t.ok(stderr.startsWith(`polyprobe: '${glob}' is no glob: `), stderr);
        t.match(stderr, problem);
      }
    });

t.test('help that was asked for is no error, help that was not is', async (t) => {
  for (const args of [['--help'], ['help'], ['help', 'run'], ['run', '--help'], ['--version']]) {
    const { code, stdout, stderr } = await polyprobe(args);
    t.same([code, stderr], [0, ''], args.join(' '));
    t.not(stdout, '');
  }
  const { code, stdout, stderr } = await polyprobe([]);
  t.same([code, stdout], [2, '']);
  t.match(stderr, /^Usage: polyprobe/);
});
