import t from 'tap';
import { parseArguments, typeName } from '../../core/elf/arguments.js';

const CASES: [string, string[][]][] = [
  ['', []],
  ['8@%rdi', [['u64', '%rdi']]],
  [
    '8@%rdi -4@$5',
    [
      ['u64', '%rdi'],
      ['i32', '$5'],
    ],
  ],
  [
    '-8@16(%rsp)  1@-80(%rbp,%rax,4)',
    [
      ['i64', '16(%rsp)'],
      ['u8', '-80(%rbp,%rax,4)'],
    ],
  ],
  [
    '4@[sp, 12] 8@x0',
    [
      ['u32', '[sp, 12]'],
      ['u64', 'x0'],
    ],
  ],
  [
    '8f@%xmm0 -2@symbol+4(%rip)',
    [
      ['f64', '%xmm0'],
      ['i16', 'symbol+4(%rip)'],
    ],
  ],
  [
    '%rax 8(%rsp)',
    [
      ['?', '%rax'],
      ['?', '8(%rsp)'],
    ],
  ],
  [
    '%rax 4@%ebx',
    [
      ['?', '%rax'],
      ['u32', '%ebx'],
    ],
  ],
  [
    '@ -@ 9999@%rax',
    [
      ['?', '@'],
      ['?', '-@'],
      ['?', '9999@%rax'],
    ],
  ],
];

for (const [text, expected] of CASES) {
  t.test(`"${text}" is read as ${expected.length} arguments`, async (t) => {
    t.strictSame(
      parseArguments(text).map((argument) => [typeName(argument), argument.operand]),
      expected,
    );
  });
}
