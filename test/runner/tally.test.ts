/** The runner's counting: TAP as tap writes it, in; counts of tests, out. */
import t from 'tap';
import { tally, type FileResult } from './tally.js';

/** Reads one output and gives what each file had. */
function read(text: string): FileResult[] {
  const files: FileResult[] = [];
  tally((file) => files.push(file)).end(text);
  return files;
}

t.test('a test is counted once, however many assertions it has', (t) => {
  const [file] = read(`TAP version 14
# Subtest: dist/test/a.test.js
    # Subtest: one
        ok 1 - this
        ok 2 - that
        1..2
    ok 1 - one # time=1ms

    # Subtest: two
        ok 1 - this
        1..1
    ok 2 - two # time=1ms

    1..2
ok 1 - dist/test/a.test.js # time=1500ms
1..1
`);
  t.match(file, { file: 'dist/test/a.test.js', passed: 2, failed: [], skipped: [], seconds: 1.5 });
  t.end();
});

t.test('a failure is named by its path, with what tap says of it', (t) => {
  const [file] = read(`TAP version 14
# Subtest: a.test.js
    # Subtest: outer
        # Subtest: inner
            ok 1 - this
            not ok 2 - that
              ---
              found: 1
              wanted: 2
              at:
                fileName: test/a.test.ts
                lineNumber: 7
              ...
            1..2
        not ok 1 - inner # time=1ms
        # Subtest: other
            ok 1 - this
            1..1
        ok 2 - other
        1..2
    not ok 1 - outer # time=1ms
    1..1
not ok 1 - a.test.js # time=2ms
1..1
`);
  t.equal(file?.passed, 1);
  t.same(file?.failed, [{ name: 'outer > inner > that', why: 'at test/a.test.ts:7\nfound: 1\nwanted: 2' }]);
  t.end();
});

t.test('a skipped test is told with its reason', (t) => {
  const [file] = read(`TAP version 14
# Subtest: a.test.js
    ok 1 - needs more # SKIP no tracer here
    # Subtest: works
        ok 1 - this
        1..1
    ok 2 - works
    1..2
ok 1 - a.test.js # time=2ms
1..1
`);
  t.match(file, { passed: 1, failed: [], skipped: [{ name: 'needs more', why: 'no tracer here' }] });
  t.end();
});

t.test('a file that dies after its tests have passed has failed', (t) => {
  const [file] = read(`TAP version 14
# Subtest: a.test.js
    # Subtest: works
        ok 1 - this
        1..1
    ok 1 - works
    1..1
not ok 1 - a.test.js # time=2ms
  ---
  signal: SIGSEGV
  ...
1..1
`);
  t.equal(file?.passed, 1);
  t.same(file?.failed, [{ name: '', why: 'signal: SIGSEGV' }]);
  t.end();
});

t.test('a file that cannot be loaded has failed', (t) => {
  const [file] = read(`TAP version 14
not ok 1 - a.test.js # time=2ms
  ---
  exitCode: 1
  ...
1..1
`);
  t.match(file, { file: 'a.test.js', passed: 0, failed: [{ name: '', why: 'exitCode: 1' }] });
  t.end();
});

t.test('assertions outside of tests are tests of their own', (t) => {
  const [file] = read(`TAP version 14
# Subtest: a.test.js
    ok 1 - this
    not ok 2 - that
    1..2
not ok 1 - a.test.js # time=2ms
1..1
`);
  t.match(file, { passed: 1, failed: [{ name: 'that' }] });
  t.end();
});
