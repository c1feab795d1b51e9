/** check() names each thing that is wrong with a definition, in these words. */
import t from 'tap';
import { check, MAX_ARGUMENTS, MAX_PROBES } from '../../core/abi/check.js';
import { abi } from '../../core/abi/probes.js';
import type { Abi, ArgumentType } from '../../core/abi/types.js';
import { argument, probe, small } from './small.js';

t.test('the definition of this tree is right', (test) => {
  test.same(check(abi), []);
  test.same(check(small()), []);
  test.end();
});

const withArgument = (changes: Parameters<typeof argument>[0]): Abi =>
  small({ probes: [probe({ args: [argument(changes)] })] });
const withProbe = (changes: Parameters<typeof probe>[0]): Abi => small({ probes: [probe(changes)] });
const yes = { served: 'yes', how: 'always' } as const;
const P = "probe 'thing__happens'";

const cases: [what: string, definition: Abi, problems: string[]][] = [
  ...[
    'thing',
    'Thing__happens',
    'thing_happens',
    'thing__',
    '__happens',
    'thing__happens__twice',
    '1thing__happens',
    'thing-a__b',
    'thing__happens ',
  ].map((name): [string, Abi, string[]] => [
    `the probe name '${name}'`,
    withProbe({ name }),
    [`probe '${name}': a name is noun__verb, in lower case`],
  ]),
  ...['2.0', '1.1', '0.9', '1', 'x.y', '', '-1.0'].map((since): [string, Abi, string[]] => [
    `since '${since}'`,
    withProbe({ since }),
    [`${P}: since '${since}' isn't in 1.0 to 1.0`],
  ]),
  [
    'seven arguments',
    withProbe({ args: [1, 2, 3, 4, 5, 6, 7].map((n) => argument({ name: `a${n}` })) }),
    [`${P}: 7 arguments, at most 6 can be traced`],
  ],
  [
    'two arguments of one name',
    withProbe({ args: [argument(), argument()] }),
    [`${P}: two arguments are called 'line'`],
  ],
  [
    'an argument three times',
    withProbe({ args: [argument(), argument(), argument()] }),
    [`${P}: two arguments are called 'line'`],
  ],
  ['a probe without a meaning', withProbe({ meaning: ' \n' }), [`${P}: no meaning written down`]],
  ...['Line', 'line-no', '_line', 'line_', 'li__ne', '1line', ''].map((name): [string, Abi, string[]] => [
    `the argument name '${name}'`,
    withArgument({ name }),
    [`${P}: argument '${name}' must be snake_case`],
  ]),
  [
    'a type that no tracer reads',
    withArgument({ type: 'double' as ArgumentType }),
    [`${P}: argument 'line' has type 'double', expected u64, i64, string`],
  ],
  [
    'an argument without a meaning',
    withArgument({ meaning: '' }),
    [`${P}: argument 'line' has no meaning written down`],
  ],
  [
    'a string with named values',
    withArgument({ type: 'string', values: { one: 1 } }),
    [`${P}: argument 'line' is a string and can't have named values`],
  ],
  ...(
    [
      ['One', 1],
      ['one', 1.5],
      ['one', 2 ** 53],
      ['one', NaN],
    ] as const
  ).map(([name, value]): [string, Abi, string[]] => [
    `the value ${name} = ${value}`,
    withArgument({ values: { [name]: value } }),
    [`${P}: value '${name}' of 'line' must be snake_case and an integer`],
  ]),
  ['a language that is forgotten', withProbe({ runtimes: { node: yes } }), [`${P}: says nothing about 'python'`]],
  [
    'a language that there is not',
    withProbe({ runtimes: { node: yes, python: yes, cobol: yes } }),
    [`${P}: speaks of 'cobol', which is no language of the definition`],
  ],
  ['two probes of one name', small({ probes: [probe(), probe()] }), ["two probes are called 'thing__happens'"]],
  [
    'more probes than bits',
    small({ probes: Array.from({ length: 65 }, (_, n) => probe({ name: `thing__happens${n}` })) }),
    ['65 probes, at most 64 fit the bit set'],
  ],
  [
    'a language id in upper case',
    small({
      languages: [{ id: 'Node', provider: 'polyprobe_Node', title: 'Node.js' }],
      probes: [probe({ runtimes: { Node: yes } })],
    }),
    ["language 'Node': lower-case letters and digits"],
  ],
  [
    "a provider that isn't called after its language",
    small({
      languages: [{ id: 'node', provider: 'node', title: 'Node.js' }],
      probes: [probe({ runtimes: { node: yes } })],
    }),
    ["language 'node': the provider must be 'polyprobe_node'"],
  ],
  [
    'two languages of one name',
    small({
      languages: [1, 2].map(() => ({ id: 'node', provider: 'polyprobe_node', title: 'Node.js' })),
      probes: [probe({ runtimes: { node: yes } })],
    }),
    ["two languages are called 'node'"],
  ],
  [
    'one argument name with two sets of values',
    small({
      probes: [
        probe({ name: 'a__b', args: [argument({ values: { one: 1 } })] }),
        probe({ name: 'c__d', args: [argument({ values: { one: 2 } })] }),
      ],
    }),
    ["'line' of c__d and of a__b have different named values"],
  ],
  [
    'two things at once',
    small({ probes: [probe({ name: 'Bad', args: [argument({ name: 'Bad' })] })] }),
    ["probe 'Bad': a name is noun__verb, in lower case", "probe 'Bad': argument 'Bad' must be snake_case"],
  ],
];

for (const [what, definition, problems] of cases)
  t.test(`refused: ${what}`, (test) => {
    test.same(check(definition), problems);
    test.end();
  });

t.test('the limits themselves are allowed', (test) => {
  const args = Array.from({ length: MAX_ARGUMENTS }, (_, n) => argument({ name: `a${n}` }));
  const probes = Array.from({ length: MAX_PROBES }, (_, n) => probe({ name: `thing__happens${n}`, args }));
  test.same(check(small({ probes })), []);
  test.same(check(small({ probes: [probe({ args: [] })] })), []);
  test.same(check(small({ version: { major: 1, minor: 2 }, probes: [probe({ since: '1.2' })] })), []);
  test.end();
});

t.test('one argument name may have its values in some probes and none in others', (test) => {
  const values = { one: 1 };
  test.same(
    check(
      small({
        probes: ['a__b', 'c__d', 'e__f'].map((name, n) => probe({ name, args: [argument(n === 1 ? {} : { values })] })),
      }),
    ),
    [],
  );
  test.end();
});
