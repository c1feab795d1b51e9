import { existsSync, openSync, closeSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { ElfError } from '../../core/elf/errors.js';
import { readProbes } from '../../core/elf/notes.js';
import { bufferSource } from '../../core/elf/source.js';
import { TARGETS, buildProbes, comparable, missing, readelf } from './fixtures.js';

const SYSTEM_FILES = [
  '/usr/bin/python3.11',
  '/usr/lib/x86_64-linux-gnu/libc.so.6',
  '/usr/lib/x86_64-linux-gnu/libstdc++.so.6',
  '/usr/lib32/libstdc++.so.6',
  '/usr/aarch64-linux-gnu/lib/libstdc++.so.6',
  '/usr/bin/perl',
];

const dir = t.testdir({});
const host = TARGETS['64-bit x86']!;

for (const [kind, target] of Object.entries(TARGETS)) {
  t.test(`a ${kind} library has the probes that readelf finds`, { skip: missing(target) ?? false }, async (t) => {
    const file = buildProbes(dir, `${kind.replaceAll(' ', '-')}.so`, target);
    const expected = readelf(file);
    const found = readProbes(file);
    t.equal(expected.probes.length, 4, 'readelf finds four');
    t.strictSame(comparable(found.probes), comparable(expected.probes));
    t.equal(found.buildId, expected.buildId);
    t.equal(found.class, kind.startsWith('32') ? 32 : 64);
    t.equal(found.littleEndian, !kind.includes('big-endian'));
    t.equal(found.machine, kind.includes('Arm') ? 183 : kind.startsWith('32') ? 3 : 62);
    t.equal(found.stripped, false);

    const bytes = readFileSync(file);
    const nop = target.compiler === 'gcc' ? [0x90] : [0x1f, 0x20, 0x03, 0xd5]; // Arm's code is little-endian always
    for (const { name, offset } of found.probes) {
      t.strictSame([...bytes.subarray(offset, offset! + nop.length)], nop, `${name}'s offset is its nop`);
    }
    const counted = found.probes[1]!;
    t.not(counted.semaphore, 0n);
    t.equal(bytes.readUInt16LE(counted.semaphoreOffset), 0, 'the counter is in the file and 0');
    t.equal(found.probes[0]!.semaphoreOffset, undefined);
  });
}

for (const file of SYSTEM_FILES) {
  t.test(
    `${file} has the probes that readelf finds`,
    { skip: existsSync(file) ? false : 'not installed' },
    async (t) => {
      const expected = readelf(file);
      const found = readProbes(file);
      t.strictSame(comparable(found.probes), comparable(expected.probes));
      t.equal(found.buildId, expected.buildId);
      t.ok(
        found.probes.every((probe) => probe.offset !== undefined),
        'every site is in the file',
      );
    },
  );
}

t.test('a stripped library keeps its probes', async (t) => {
  const file = buildProbes(dir, 'strip.so', host);
  const before = readProbes(file);
  execFileSync('strip', [file]);
  t.strictSame(readProbes(file).probes, before.probes);
});

t.test('a path, a descriptor, a FileHandle and bytes are read alike, and what was open stays open', async (t) => {
  const file = buildProbes(dir, 'alike.so', host);
  const expected = readProbes(file);
  const fd = openSync(file, 'r');
  t.strictSame(readProbes(fd), expected);
  t.strictSame(readProbes(fd), expected);
  closeSync(fd);
  const handle = await open(file);
  t.strictSame(readProbes(handle), expected);
  await handle.close();
  t.strictSame(readProbes(bufferSource(readFileSync(file))), expected);
});

t.test('addresses follow a prelinked .stapsdt.base, and stay when the note names none', async (t) => {
  const file = buildProbes(dir, 'prelink.so', host);
  const before = readProbes(file).probes;
  const rebased = (from: bigint): Buffer => {
    const bytes = Buffer.from(readFileSync(file));
    for (const probe of readelf(file).probes) {
      const note = Buffer.alloc(16);
      note.writeBigUInt64LE(probe.address, 0);
      note.writeBigUInt64LE(probe.base, 8);
      bytes.writeBigUInt64LE(from === 0n ? 0n : probe.base - from, bytes.indexOf(note) + 8);
    }
    return bytes;
  };
  const moved = readProbes(bufferSource(rebased(0x1000n))).probes;
  t.strictSame(
    moved.map((probe) => probe.address),
    before.map((probe) => probe.address + 0x1000n),
  );
  t.equal(moved[1]!.semaphore, before[1]!.semaphore + 0x1000n);
  t.equal(moved[0]!.semaphore, 0n, 'no counter stays no counter');
  t.strictSame(readProbes(bufferSource(rebased(0n))).probes, before);
});

t.test('without section headers', async (t) => {
  const sectionless = (file: string): Buffer => {
    const bytes = Buffer.from(readFileSync(file));
    bytes.writeBigUInt64LE(0n, 40);
    bytes.fill(0, 58, 64);
    return bytes;
  };
  t.test('the build id is read from the program headers, and the probes are lost', async (t) => {
    const file = buildProbes(dir, 'sectionless.so', host);
    const found = readProbes(bufferSource(sectionless(file)));
    t.equal(found.buildId, readProbes(file).buildId);
    t.equal(found.stripped, true);
    t.strictSame(found.probes, []);
  });
  t.test('notes that are loaded are still found', async (t) => {
    const file = buildProbes(dir, 'loaded.so', host, ['-DLOADED', '-Wl,-w']);
    t.strictSame(readProbes(bufferSource(sectionless(file))).probes, readProbes(file).probes);
  });
});

t.test('counts that do not fit the file header are taken from the first section header', async (t) => {
  const file = buildProbes(dir, 'extended.so', host);
  const bytes = Buffer.from(readFileSync(file));
  const first = Number(bytes.readBigUInt64LE(40));
  bytes.writeBigUInt64LE(BigInt(bytes.readUInt16LE(60)), first + 32); // section count: sh_size
  bytes.writeUInt32LE(bytes.readUInt16LE(62), first + 40); // index of names: sh_link
  bytes.writeUInt32LE(bytes.readUInt16LE(56), first + 44); // segment count: sh_info
  bytes.writeUInt16LE(0xffff, 56);
  bytes.writeUInt16LE(0, 60);
  bytes.writeUInt16LE(0xffff, 62);
  t.strictSame(readProbes(bufferSource(bytes)), readProbes(file));
});

t.test('an object file is refused, since its probes have no place yet', async (t) => {
  buildProbes(dir, 'object.so', host);
  execFileSync('gcc', ['-c', '-o', join(dir, 'object.o'), join(dir, 'probes.S')]);
  t.throws(() => readProbes(join(dir, 'object.o')), { name: 'ElfError', code: 'unsupported' });
});

t.test('a name that is not UTF-8 keeps its bytes apart', async (t) => {
  const file = buildProbes(dir, 'bytes.so', host);
  const bytes = Buffer.from(readFileSync(file));
  bytes[bytes.indexOf('plain\0')] = 0xff;
  t.equal(readProbes(bufferSource(bytes)).probes[0]!.name, '\\xfflain');
});

t.test('every error has its code and says what was expected', async (t) => {
  const good = readFileSync(buildProbes(dir, 'good.so', host));
  const patched = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };
  const note = good.indexOf('stapsdt\0') - 12;
  const cases: [string, Buffer, string, RegExp][] = [
    ['nothing', Buffer.alloc(0), 'not-elf', /expected an ELF file, found an empty one/],
    ['a script', Buffer.from('#!/bin/sh\n'), 'not-elf', /expected an ELF file/],
    ['the magic alone', good.subarray(0, 4), 'truncated', /expected 16 bytes at offset 0/],
    ['half a header', good.subarray(0, 40), 'truncated', /expected 64 bytes/],
    ['no section table', good.subarray(0, 4096), 'truncated', /the file ends at 4096/],
    ['class 9', patched((b) => b.writeUInt8(9, 4)), 'corrupt', /expected class 1 or 2, found 9/],
    ['byte order 0', patched((b) => b.writeUInt8(0, 5)), 'corrupt', /expected byte order 1 or 2/],
    [
      'a section header of 1 byte',
      patched((b) => b.writeUInt16LE(1, 58)),
      'corrupt',
      /section header of 64 bytes, found 1/,
    ],
    [
      'sections behind the end',
      patched((b) => b.writeBigUInt64LE(2n ** 64n - 1n, 40)),
      'truncated',
      /18446744073709551615/,
    ],
    ['segments behind the end', patched((b) => b.writeBigUInt64LE(2n ** 63n, 32)), 'truncated', /9223372036854775808/],
    ['65,535 sections', patched((b) => b.writeUInt16LE(65_535, 60)), 'truncated', /section headers/],
    ['names in no section', patched((b) => b.writeUInt16LE(999, 62)), 'corrupt', /found number 999/],
    ['names in a section of code', patched((b) => b.writeUInt16LE(1, 62)), 'corrupt', /string table of section names/],
    ['a note of 4 GiB', patched((b) => b.writeUInt32LE(0xffffffff, note + 4)), 'corrupt', /expected a note of 42949/],
    ['an owner of 4 GiB', patched((b) => b.writeUInt32LE(0xffffffff, note)), 'corrupt', /expected a note of/],
    [
      'a probe without addresses',
      patched((b) => b.writeUInt32LE(8, note + 4)),
      'corrupt',
      /at least 27 bytes, found 8/,
    ],
  ];
  for (const [what, bytes, code, message] of cases) {
    t.throws(() => readProbes(bufferSource(bytes, 'demo.so')), { name: 'ElfError', code, message }, what);
  }
});

t.test('60,000 note sections over the same 4 MiB are refused after the first', async (t) => {
  const count = 60_000;
  const table = 64;
  const bytes = Buffer.alloc(table + count * 64 + 4 * 1024 * 1024);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  bytes.writeUInt16LE(3, 16);
  bytes.writeBigUInt64LE(BigInt(table), 40);
  bytes.writeUInt16LE(64, 58);
  bytes.writeUInt16LE(count, 60);
  for (let i = 1; i < count; i++) {
    bytes.writeUInt32LE(7, table + i * 64 + 4);
    bytes.writeBigUInt64LE(BigInt(table + count * 64), table + i * 64 + 24);
    bytes.writeBigUInt64LE(4n * 1024n * 1024n, table + i * 64 + 32);
  }
  const started = performance.now();
  t.throws(() => readProbes(bufferSource(bytes)), {
    code: 'too-large',
    message: /expected at most 0 bytes of notes/,
  });
  t.ok(performance.now() - started < 2000, 'within two seconds');
});

t.test('what is no regular file is refused without waiting for it', async (t) => {
  execFileSync('mkfifo', [join(dir, 'pipe')]);
  t.throws(() => readProbes(join(dir, 'pipe')), { code: 'unreadable', message: /found a pipe/ });
  t.throws(() => readProbes(dir), { code: 'unreadable', message: /found a directory/ });
  t.throws(() => readProbes('/dev/zero'), { code: 'unreadable', message: /found a device/ });
  t.throws(() => readProbes(join(dir, 'no such file')), { code: 'not-found' });
  t.throws(() => readProbes(12345), { code: 'unreadable', message: /EBADF/ });
  t.throws(() => readProbes(dir), ElfError);
});
