/** The header in every language version that it promises, programs at fixed addresses, and builds without stubs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { readProbes } from '../../core/elf/notes.js';
import { has, Programs, run, sources, top } from './toolchain.js';
import { noTracefs, TraceEvent } from './tracers.js';

const include = join(top, 'native/include');
const strict = ['-Wall', '-Wextra', '-Werror', '-pedantic', '-Wshadow', '-Wconversion', '-fPIC', '-I', include];

/** Compiles and says what the compiler said. */
function compile(compiler: string, ...args: string[]): { status: number | null; said: string } {
  const { status, stderr } = spawnSync(compiler, ['-fsyntax-only', ...args], { encoding: 'utf8' });
  return { status, said: stderr };
}

const clang = has('clang') ? (['clang', 'clang++'] as const) : (['clang-14', 'clang++-14'] as const);
for (const [c, cxx] of [['gcc', 'g++'], clang] as const)
  for (const without of [[], ['-DPOLYPROBE_NO_STUBS']])
    for (const std of ['c99', 'c11', 'c17', 'c++11', 'c++17', 'c++20']) {
      const compiler = std.startsWith('c++') ? cxx : c;
      const language = std.startsWith('c++') ? 'c++' : 'c';
      const skip = has(compiler) ? false : `needs ${compiler}`;
      const title = `the header compiles without a warning: ${compiler} -std=${std} ${without.join(' ')}`;
      t.test(title.trim(), { skip }, (test) => {
        const source = join(sources, 'header.c');
        test.same(compile(compiler, `-std=${std}`, '-x', language, ...strict, ...without, source), {
          status: 0,
          said: '',
        });
        test.end();
      });
    }

const cross = 'aarch64-linux-gnu-gcc';
for (const compiler of ['gcc', cross]) {
  const skip = has(compiler) ? false : `needs ${compiler}`;
  t.test(
    `POLYPROBE_ARMED in a program at fixed addresses is an error that names the cure: ${compiler}`,
    { skip },
    (test) => {
      const { status, said } = compile(compiler, '-fno-pic', '-I', include, join(sources, 'header.c'));
      test.equal(status, 1);
      test.match(said, /'?POLYPROBE_ARMED_needs_fPIC_or_fPIE/);
      test.end();
    },
  );
}

const fixed = ['-fno-pic', '-fno-pie', '-no-pie'];
t.test('in a program at fixed addresses polyprobe_site tells the stub', (test) => {
  const programs = new Programs('fixed');
  const outcome = run(programs.program('fixed_address.c', ...fixed));
  test.equal(outcome.stdout, 'armed 0\n');
  test.end();
});

t.test('there an armed stub is told, and is called by name and by pointer', { skip: noTracefs() }, (test) => {
  const programs = new Programs('fixed-armed');
  const path = programs.program('fixed_address.c', ...fixed);
  const { offset } = readProbes(programs.library).probes.find((probe) => probe.name === 'gc__start')!;
  const event = new TraceEvent(test, 'fixed', `${programs.library}:0x${offset!.toString(16)}`);
  test.equal(run(path).stdout, 'armed 1\n');
  test.equal(event.hits(), 2);
  test.end();
});

const skipArm = has(cross) && has('qemu-aarch64') ? false : `needs ${cross} and qemu-aarch64`;
t.test('on aarch64, too, polyprobe_site tells the stub in a program at fixed addresses', { skip: skipArm }, (test) => {
  const programs = new Programs('fixed-arm', {
    cc: cross,
    cmake: ['-DCMAKE_SYSTEM_NAME=Linux', '-DCMAKE_SYSTEM_PROCESSOR=aarch64'],
  });
  const path = programs.program('fixed_address.c', ...fixed);
  test.equal(run('qemu-aarch64', ['-L', '/usr/aarch64-linux-gnu', path]).stdout, 'armed 0\n');
  test.end();
});

t.test('the header used as intended runs', (test) => {
  test.equal(run(new Programs('header').program('header.c')).stdout, '1 0 1 1 supported\n');
  test.end();
});

t.test('a library without stubs links, fires nothing and says why', (test) => {
  const programs = new Programs('no-stubs', { cmake: ['-DPOLYPROBE_NO_STUBS=ON'], flags: ['-DPOLYPROBE_NO_STUBS'] });
  test.same(readProbes(programs.library).probes, [], 'no notes');
  const outcome = run(programs.program('header.c'));
  test.equal(outcome.stdout, '1 0 0 0 polyprobe was built without probe stubs (POLYPROBE_NO_STUBS)\n');
  test.equal(run(programs.program('ids.c')).stdout, 'unique\n');
  test.equal(run(programs.program('strings.c')).stdout, 'kept\n');
  test.end();
});
