import { statSync, readFileSync } from 'node:fs';
import t from 'tap';
import { deviceName, groupByFile, mappedFiles, parseMapping, readMappings, type Mapping } from '../../core/elf/maps.js';

const parsed = (line: string): Mapping => parseMapping(line)!;

t.test('a line of maps is read in full', async (t) => {
  t.strictSame(parsed('7f84e6844000-7f84e699a000 r-xp 00026000 fe:00 260689                     /usr/lib/libc.so.6'), {
    start: 0x7f84e6844000n,
    end: 0x7f84e699a000n,
    permissions: 'r-xp',
    offset: 0x26000n,
    device: 'fe:00',
    inode: 260689n,
    path: '/usr/lib/libc.so.6',
    deleted: false,
  });
});

t.test('odd names are read as what they are', async (t) => {
  const name = (rest: string): [string, boolean] => {
    const { path, deleted } = parsed(`1000-2000 r-xp 00000000 00:01 7 ${rest}`);
    return [path, deleted];
  };
  t.strictSame(name(''), ['', false]);
  t.strictSame(name('[vdso]'), ['[vdso]', false]);
  t.strictSame(name('/a b  c'), ['/a b  c', false]);
  t.strictSame(name('/a\\012b'), ['/a\nb', false]);
  t.strictSame(name('/a (deleted)'), ['/a', true]);
  t.strictSame(name('/memfd:x (deleted)'), ['/memfd:x', true]);
  t.strictSame(name('/SYSV00000000 (deleted)'), ['/SYSV00000000', true]);
});

t.test('what is no line of maps is none', async (t) => {
  for (const line of ['', 'x', '1000-2000', '1000-2000 r-xp 0 0:1', 'zz-2000 r-xp 0 0:1 7 /a']) {
    t.equal(parseMapping(line), undefined, line);
  }
});

t.test('executable mappings of files are grouped by file, and nothing else is taken', async (t) => {
  const lines = [
    '1000-2000 r--p 00000000 fe:00 1 /lib/a.so',
    '2000-3000 r-xp 00001000 fe:00 1 /lib/a.so',
    '3000-4000 r-xp 00000000 fe:00 2 /lib/a.so (deleted)',
    '5000-6000 r-xp 00000000 00:01 3 /memfd:a.so (deleted)',
    '6000-7000 r-xp 00003000 fe:00 1 /lib/a.so',
    '7000-8000 r-xp 00000000 00:00 0 ',
    '8000-9000 r-xp 00000000 00:00 0 [vdso]',
  ];
  t.strictSame(
    groupByFile(lines.map(parsed)).map((file) => [file.path, file.deleted, file.memfd, file.mappings.length]),
    [
      ['/lib/a.so', false, false, 2],
      ['/lib/a.so', true, false, 1],
      ['/memfd:a.so', true, true, 1],
    ],
  );
});

t.test('a file that is mapped a thousand times is known by its first 256 mappings', async (t) => {
  const page = (i: number): string => `${i.toString(16)}000`;
  const lines = Array.from({ length: 1000 }, (_, i) => `${page(i + 1)}-${page(i + 2)} r-xp 0 0:1 7 /a`);
  t.equal(groupByFile(lines.map(parsed))[0]!.mappings.length, 256);
});

t.test('our own maps are read completely, and devices are named as the kernel names them', async (t) => {
  // Reading allocates, so that our heap's mappings may differ between two readings: compare files.
  const files = (lines: string[]): Set<string> => new Set(lines.filter((path) => path.startsWith('/')));
  const plain = readFileSync('/proc/self/maps', 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => parsed(line).path);
  t.strictSame(files([...readMappings(process.pid)].map((mapping) => mapping.path)), files(plain));
  const node = mappedFiles(process.pid).find((file) => file.inode === statSync(process.execPath, { bigint: true }).ino);
  t.equal(node?.device, deviceName(statSync(process.execPath, { bigint: true }).dev));
  t.equal(deviceName(0x1_2345_6789n), '567:123489');
});

t.test('a process that does not exist is gone', async (t) => {
  t.throws(() => mappedFiles(2 ** 31 - 1), {
    name: 'ProcessError',
    code: 'gone',
    pid: 2 ** 31 - 1,
  });
});
