/** Request ids and interned strings: see ids.c and strings.c for what is expected of them. */
import t from 'tap';
import { Programs, run } from './toolchain.js';

const programs = new Programs('memory');

t.test('request ids are unique over threads, forks, grandchildren, vfork and forks in signal handlers', (test) => {
  const outcome = run(programs.program('ids.c'));
  test.equal(outcome.stderr, '');
  test.equal(outcome.stdout, 'unique\n');
  test.end();
});

t.test('strings are interned once, byte by byte, from many threads and across forks', (test) => {
  const outcome = run(programs.program('strings.c'));
  test.equal(outcome.stderr, '');
  test.equal(outcome.stdout, 'kept\n');
  test.end();
});
