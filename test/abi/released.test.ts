/** What a released version froze stays: appending is allowed, nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { compareWithReleased, freeze } from '../../core/abi/check.js';
import { abi } from '../../core/abi/probes.js';
import type { Abi, Probe, ReleasedAbi } from '../../core/abi/types.js';
import { readReleased } from '../../core/generate/main.js';
import { argument, probe, small } from './small.js';

const yes = { served: 'yes', how: 'always' } as const;
const planned = { served: 'planned', how: 'later' } as const;
const first = probe({ name: 'a__b', args: [argument(), argument({ name: 'kind', values: { call: 0 } })] });
const second = probe({ name: 'c__d', args: [argument({ name: 'text', type: 'string' })] });
const released = freeze(small({ probes: [first, second] }));
const now = (probes: Probe[], minor = 0, major = 1): Abi => small({ version: { major, minor }, probes });
const json = (value: unknown): string => JSON.stringify(value);

t.test('a release freezes names, arguments, values and who fires, and nothing that only people read', (test) => {
  test.same(released, {
    version: '1.0',
    probes: [
      {
        name: 'a__b',
        args: [
          { name: 'line', type: 'u64' },
          { name: 'kind', type: 'u64', values: { call: 0 } },
        ],
        served: ['node'],
      },
      { name: 'c__d', args: [{ name: 'text', type: 'string' }], served: ['node'] },
    ],
  } satisfies ReleasedAbi);
  test.end();
});

const text = [{ name: 'text', type: 'string' }];
const cases: [what: string, definition: Abi, problems: string[]][] = [
  ['nothing changed', now([first, second]), []],
  ['other words in the docs', now([{ ...first, meaning: 'Other words.', stability: 'experimental' }, second]), []],
  ['a probe appended with a new minor version', now([first, second, probe()], 1), []],
  ['one language more that fires', now([{ ...first, runtimes: { node: yes, python: yes } }, second], 1), []],
  ['anything at all under a new major version', now([probe()], 0, 2), []],
  [
    'two probes in another order',
    now([second, first], 1),
    ["probe 0 was 'a__b' in ABI 1.0, is 'c__d' now", "probe 1 was 'c__d' in ABI 1.0, is 'a__b' now"],
  ],
  ['a probe renamed', now([{ ...first, name: 'a__x' }, second], 1), ["probe 0 was 'a__b' in ABI 1.0, is 'a__x' now"]],
  ['a probe taken away', now([first], 1), ["probe 1 was 'c__d' in ABI 1.0, is 'missing' now"]],
  [
    'a probe put in between',
    now([first, probe(), second], 1),
    ["probe 1 was 'c__d' in ABI 1.0, is 'thing__happens' now"],
  ],
  [
    'an argument appended',
    now([first, { ...second, args: [...second.args, argument()] }], 1),
    [
      `'c__d' has other arguments than in ABI 1.0: ${json(text)} became ${json([...text, { name: 'line', type: 'u64' }])}`,
    ],
  ],
  [
    'an argument renamed',
    now([first, { ...second, args: [argument({ name: 'word', type: 'string' })] }], 1),
    [`'c__d' has other arguments than in ABI 1.0: ${json(text)} became ${json([{ name: 'word', type: 'string' }])}`],
  ],
  [
    'an argument of another type',
    now([first, { ...second, args: [argument({ name: 'text', type: 'u64' })] }], 1),
    [`'c__d' has other arguments than in ABI 1.0: ${json(text)} became ${json([{ name: 'text', type: 'u64' }])}`],
  ],
  [
    'a named value changed',
    now([{ ...first, args: [first.args[0]!, argument({ name: 'kind', values: { call: 1 } })] }, second], 1),
    [
      `'a__b' has other arguments than in ABI 1.0: ${json(released.probes[0]!.args)} became ${json([
        { name: 'line', type: 'u64' },
        { name: 'kind', type: 'u64', values: { call: 1 } },
      ])}`,
    ],
  ],
  [
    'a language that no longer fires',
    now([{ ...first, runtimes: { node: planned, python: yes } }, second], 1),
    ["'a__b' fired in node in ABI 1.0 and no longer does"],
  ],
  [
    'a probe appended under the same version',
    now([first, second, probe()]),
    ['probes were appended to the released 1.0: raise the minor version'],
  ],
];

for (const [what, definition, problems] of cases)
  t.test(`${problems.length === 0 ? 'allowed' : 'refused'}: ${what}`, (test) => {
    test.same(compareWithReleased(definition, released), problems);
    test.end();
  });

t.test('refused: a version older than the released one', (test) => {
  test.same(compareWithReleased(now([first, second]), { ...released, version: '1.3' }), [
    'ABI 1.0 is older than the released 1.3',
  ]);
  test.end();
});

t.test('a frozen file reads back as what was frozen, and other files beside it are left alone', (test) => {
  const folder = mkdtempSync(join(tmpdir(), 'polyprobe-released-'));
  test.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, '1.0.json'), JSON.stringify(freeze(abi)));
  writeFileSync(join(folder, 'README.md'), 'not a version');
  test.same(readReleased(folder), [freeze(abi)]);
  test.same(compareWithReleased(abi, readReleased(folder)[0]!), []);
  test.same(readReleased(join(folder, 'missing')), []);
  test.end();
});

t.test('the definition of this tree breaks no released version', (test) => {
  const folder = fileURLToPath(new URL('../../../core/abi/released', import.meta.url));
  for (const version of readReleased(folder)) test.same(compareWithReleased(abi, version), [], version.version);
  test.end();
});
