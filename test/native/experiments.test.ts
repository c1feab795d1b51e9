/**
 * Why a site isn't a five-byte nop: two experiments, kept alive so that a kernel is noticed on which the fast form is safe.
 *
 * Our site must be safe on every kernel. Of the five-byte nop it is only recorded what the running kernel does; when both
 * experiments say that it is safe, stub.S.h may use it there.
 */
import { execFileSync } from 'node:child_process';
import { release } from 'node:os';
import t from 'tap';
import { Programs, run } from './toolchain.js';
import { noTracefs, TraceEvent } from './tracers.js';

const skip = process.arch === 'x64' ? noTracefs() : 'the question is one of x86-64';
const programs = new Programs('experiments');

/** File offset of a symbol in a program, by the segment that holds it. */
function offsetOf(path: string, symbol: string): number {
  const address = Number(
    `0x${new RegExp(`^([0-9a-f]+) \\w ${symbol}$`, 'm').exec(execFileSync('nm', [path], { encoding: 'utf8' }))![1]}`,
  );
  for (const [, offset, start, size] of execFileSync('readelf', ['-lW', path], { encoding: 'utf8' }).matchAll(
    /LOAD\s+0x([0-9a-f]+) 0x([0-9a-f]+) \S+ 0x([0-9a-f]+)/g,
  )) {
    const [from, to, length] = [offset, start, size].map((text) => parseInt(text!, 16)) as [number, number, number];
    if (address >= to && address < to + length) return address - to + from;
  }
  throw new Error(`${symbol} isn't in ${path}`);
}

const experiments = {
  red_zone: 'a value that a leaf function keeps below its stack pointer',
  fork: 'the child of a fork',
};

t.test('our site', { skip }, async (test) => {
  const path = programs.program('experiment.c', '-DFIVE=0');
  for (const [name, what] of Object.entries(experiments))
    await test.test(`${what} is safe with our site`, (inner) => {
      const event = new TraceEvent(inner, `ours_${name}`, `${path}:0x${offsetOf(path, 'probed_site').toString(16)}`);
      const outcome = run(path, [name]);
      inner.equal(outcome.stderr, '');
      inner.equal(outcome.stdout, 'safe\n');
      inner.equal(event.hits(), name === 'fork' ? 6000 : 100000, 'every hit was seen');
      inner.end();
    });
});

t.test('the five-byte nop', { skip }, async (test) => {
  const path = programs.program('experiment.c', '-DFIVE=1');
  const verdicts: string[] = [];
  for (const [name, what] of Object.entries(experiments))
    await test.test(`${what}: what this kernel does with a five-byte nop is known`, (inner) => {
      new TraceEvent(inner, `five_${name}`, `${path}:0x${offsetOf(path, 'probed_site').toString(16)}`);
      const outcome = run(path, [name]);
      inner.equal(outcome.stderr, '');
      inner.match(outcome.stdout, /^(safe|unsafe: .*)\n$/);
      inner.comment(`kernel ${release()}, ${what}: ${outcome.stdout.trim()}`);
      verdicts.push(outcome.stdout.trim());
      inner.end();
    });
  test.comment(
    verdicts.every((verdict) => verdict === 'safe')
      ? `kernel ${release()}: this kernel's fast form is safe now, or it has none`
      : `kernel ${release()}: the five-byte form is unsafe here`,
  );
});
