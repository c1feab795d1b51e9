/** The library's file says what the definition says, for both machines, read by binutils and by our own reader. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { abi } from '../../core/abi/probes.js';
import { readProbes } from '../../core/elf/notes.js';
import { AARCH64_REGISTERS, noteArguments, X86_64_REGISTERS } from '../../core/generate/stubs.js';
import { has, Programs, run, top, type Build } from './toolchain.js';

interface Machine {
  readonly name: string;
  readonly number: number;
  readonly build: Build;
  readonly prefix: string;
  readonly registers: readonly string[];
  /** The bytes of a site, as far as they are the same in every stub. */
  readonly site: string;
}

const machines: Machine[] = [
  {
    name: 'x86-64',
    number: 62,
    build: {},
    prefix: '',
    registers: X86_64_REGISTERS,
    // nop; ten-byte nop; then a jump, short or long
    site: '90662e0f1f840000000000',
  },
  {
    name: 'aarch64',
    number: 183,
    build: { cc: 'aarch64-linux-gnu-gcc', cmake: ['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'] },
    prefix: 'aarch64-linux-gnu-',
    registers: AARCH64_REGISTERS,
    // nop; ret
    site: '1f2003d5c0035fd6',
  },
];

const expected = (registers: readonly string[]): string[][] =>
  abi.languages.flatMap((language) =>
    abi.probes
      .filter((probe) => probe.runtimes[language.id]?.served === 'yes')
      .map((probe) => [language.provider, probe.name, noteArguments(probe.args, registers)]),
  );

for (const machine of machines) {
  const cc = machine.build.cc ?? (process.arch === 'x64' ? 'gcc' : 'x86_64-linux-gnu-gcc');
  const skip = has(cc) && has(`${machine.prefix}readelf`) ? false : `needs ${cc}`;
  await t.test(
    `${machine.name}: the notes, the symbols and the bytes of the sites are those of the definition`,
    { skip },
    (test) => {
      const { library } = new Programs(`notes-${machine.name}`, { ...machine.build, cc });
      const read = readProbes(library);
      test.equal(read.machine, machine.number);
      test.match(read.buildId, /^[0-9a-f]{40}$/);
      test.same(
        read.probes.map((probe) => [probe.provider, probe.name, probe.arguments]),
        expected(machine.registers),
        'one note for each probe that fires, none else',
      );
      test.ok(
        read.probes.every((probe) => probe.semaphore === 0n),
        'no semaphores',
      );

      const readelf = (...args: string[]): string =>
        execFileSync(`${machine.prefix}readelf`, [...args, library], { encoding: 'utf8' });
      const notes = [
        ...readelf('-n').matchAll(
          /Provider: (\S+)\s+Name: (\S+)\s+Location: 0x([0-9a-f]+), Base: \S+ Semaphore: (\S+)\s+Arguments: (.*)/g,
        ),
      ];
      test.same(
        notes.map(([, provider, name, , , args]) => [provider, name, args]),
        expected(machine.registers),
        'as binutils read them',
      );
      const symbols = new Map(
        [
          ...readelf('-Ws', '--dyn-syms').matchAll(
            /: ([0-9a-f]{16})\s+(\d+) FUNC\s+GLOBAL DEFAULT\s+\d+ (polyprobe_\w+)/g,
          ),
        ].map(([, value, size, name]) => [name!, { value: BigInt(`0x${value}`), size: BigInt(size!) }]),
      );
      const bytes = readFileSync(library);
      for (const [index, probe] of read.probes.entries()) {
        const symbol = symbols.get(`${probe.provider}_${probe.name}`);
        test.equal(symbol?.value, probe.address, `${probe.name}: the site is its stub's first instruction`);
        test.ok(symbol!.size >= 8n && symbol!.size <= 16n, `${probe.name}: the stub has ${symbol!.size} bytes`);
        test.equal(BigInt(`0x${notes[index]![3]}`), probe.address);
        test.equal(BigInt(notes[index]![4]!), 0n);
        test.equal(
          probe.address,
          read.probes[0]!.address + 16n * BigInt(index),
          `${probe.name}: 16 bytes from the last one`,
        );
        const at = probe.offset!;
        test.equal(bytes.subarray(at, at + machine.site.length / 2).toString('hex'), machine.site);
      }
      test.equal(read.probes[0]!.address % 64n, 0n, 'the sites begin on a cache line');
      const five = Buffer.from('0f1f440000', 'hex');
      test.notOk(
        read.probes.some(({ offset }) => bytes.subarray(offset, offset! + 16).includes(five)),
        'no five-byte nop in a stub',
      );
      test.end();
    },
  );
}

t.test('the library exports its functions and its stubs, nothing else', (test) => {
  const { library } = new Programs('exports');
  const exported = [
    ...execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' }).matchAll(/ \w (\S+)$/gm),
  ]
    .map(([, name]) => name!.replace(/@.*/, ''))
    .sort();
  const header = readFileSync(`${top}/native/include/polyprobe.h`, 'utf8');
  const functions = [...header.matchAll(/^POLYPROBE_API [^;(]*?(polyprobe_\w+)\(/gm)].map(([, name]) => name!);
  const stubs = readProbes(library).probes.map((probe) => `${probe.provider}_${probe.name}`);
  test.ok(functions.length >= 9);
  // And one object, for tools that find what polyprobe_describe said by its symbol.
  test.same(exported, [...functions, ...stubs, 'polyprobe_process'].sort());
  test.end();
});

const skipArm =
  has('aarch64-linux-gnu-gcc') && has('qemu-aarch64') ? false : 'needs aarch64-linux-gnu-gcc and qemu-aarch64';
t.test('on aarch64 (emulated) the library works, and nothing is armed', { skip: skipArm }, (test) => {
  const programs = new Programs('aarch64', machines[1]!.build);
  for (const [source, ...args] of [
    ['registers.c', '200'],
    ['ids.c', 'quick'],
    ['strings.c', 'quick'],
    ['watcher.c', 'unarmed'],
  ] as const) {
    const outcome = run('qemu-aarch64', ['-L', '/usr/aarch64-linux-gnu', programs.program(source), ...args]);
    test.equal(outcome.stderr, '', source);
    test.equal(outcome.status, 0, source);
    if (source === 'registers.c') test.equal(outcome.stdout, 'armed 0 fired 8200\n');
  }
  test.end();
});
