import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { ElfError } from '../../core/elf/errors.js';
import { parseArguments } from '../../core/elf/arguments.js';
import { parseMapping } from '../../core/elf/maps.js';
import { readProbes } from '../../core/elf/notes.js';
import { bufferSource } from '../../core/elf/source.js';
import { TARGETS, buildProbes, missing } from './fixtures.js';

const dir = t.testdir({});

/* Milliseconds; the slowest seen is some tens, on files of megabytes. */
const LIMIT = 2000;

/** Reads and fails on everything but a result or an ElfError in time. */
function survives(bytes: Uint8Array): void {
  const started = performance.now();
  try {
    readProbes(bufferSource(bytes));
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
  }
  const taken = performance.now() - started;
  if (taken > LIMIT) throw new Error(`took ${taken} ms`);
}

/** Positions that matter: the file header, the program headers, the section table, the notes. */
function positions(bytes: Buffer): fc.Arbitrary<number> {
  const near = (at: number, length: number): fc.Arbitrary<number> =>
    fc.integer({ min: Math.max(0, at), max: Math.min(bytes.length, at + length) - 1 });
  const note = bytes.indexOf('stapsdt\0');
  return fc.oneof(
    near(0, 64),
    near(64, 1024),
    near(bytes.length - 4096, 4096),
    ...(note < 0 ? [] : [near(note - 12, 512)]),
    near(0, bytes.length),
  );
}

const values = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 }));

const subjects: [string, string | undefined, () => string][] = [
  ...Object.entries(TARGETS).map(([kind, target]): [string, string | undefined, () => string] => [
    `a ${kind} library`,
    missing(target),
    () => buildProbes(dir, `${kind.replaceAll(' ', '-')}.so`, target),
  ]),
  ...['/usr/bin/python3.11', '/usr/lib/x86_64-linux-gnu/libstdc++.so.6'].map(
    (file): [string, string | undefined, () => string] => [
      file,
      existsSync(file) ? undefined : 'not installed',
      () => file,
    ],
  ),
];

for (const [name, skip, path] of subjects) {
  t.test(
    `${name} with random bytes changed or cut off is read or refused in time`,
    { skip: skip ?? false },
    async () => {
      const bytes = readFileSync(path());
      const change = fc.tuple(positions(bytes), values);
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 16 }), fc.option(positions(bytes)), (changes, cut) => {
          // The file is large: change it in place and put it back, rather than copy it each time.
          const before = changes.map(([at]) => [at, bytes[at]!] as const);
          for (const [at, value] of changes) bytes[at] = value;
          try {
            survives(cut === null ? bytes : bytes.subarray(0, cut));
          } finally {
            for (const [at, value] of before.reverse()) bytes[at] = value;
          }
        }),
        { numRuns: 4000 },
      );
    },
  );
}

t.test('bytes of no origin behind the magic number are read or refused in time', async () => {
  const magic = fc.constantFrom([0x7f, 0x45, 0x4c, 0x46, 2, 1], [0x7f, 0x45, 0x4c, 0x46, 1, 2]);
  fc.assert(
    fc.property(magic, fc.uint8Array({ maxLength: 4096 }), (head, rest) =>
      survives(Buffer.concat([Buffer.from(head), rest])),
    ),
    { numRuns: 3000 },
  );
});

t.test('no argument string and no line of maps makes their parsers fail', async () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (text) => {
      parseArguments(text);
      parseMapping(text);
    }),
  );
});
