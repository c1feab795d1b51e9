/** The library with musl (Alpine's C library) does what it does with glibc. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { readProbes } from '../../core/elf/notes.js';
import { has, Programs, run } from './toolchain.js';
import { noTracefs, TraceEvent } from './tracers.js';

const skip = has('musl-gcc') ? false : 'needs musl-gcc (apt install musl-tools)';

t.test('with musl the same programs say the same', { skip }, async (test) => {
  const programs = new Programs('musl', { cc: 'musl-gcc' });
  const needed = execFileSync('readelf', ['-d', programs.library], { encoding: 'utf8' });
  test.notMatch(needed, /ld-linux|libc\.so\.6/, 'nothing of glibc is needed');

  const runs: [source: string, ...names: string[]][] = [
    [
      'watcher.c',
      'refuses',
      'tells',
      'unarmed',
      'is_quiet',
      'closes_inside',
      'closes_while_running',
      'many_at_once',
      'exits',
      'main_leaves',
    ],
    ['watcher_fork.c', 'resumes', 'cut_off', 'storm', 'spawns', 'nothing_is_left_behind', 'large_storage'],
    ['ids.c', 'full'],
    ['strings.c', 'full'],
    ['registers.c', '100'],
    ['header.c', ''],
  ];
  for (const [source, ...names] of runs) {
    const path = programs.program(source);
    for (const name of names)
      await test.test(`${source} ${name}`.trim(), (inner) => {
        const outcome = run(path, [name]);
        inner.equal(outcome.stderr, '');
        inner.equal(outcome.signal ?? outcome.status, 0);
        inner.end();
      });
  }
  await test.test('an armed stub is seen each time', { skip: noTracefs() }, (inner) => {
    const { offset } = readProbes(programs.library).probes.find((probe) => probe.name === 'gc__start')!;
    const event = new TraceEvent(inner, 'musl', `${programs.library}:0x${offset!.toString(16)}`);
    inner.equal(run(programs.program('registers.c'), ['100']).stdout, 'armed 1 fired 4100\n');
    inner.equal(event.hits(), 4100);
    inner.end();
  });
});
