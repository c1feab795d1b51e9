/** The C programs of the other tests, under the compilers' sanitizers: any report fails the program. */
import t from 'tap';
import { spawnSync } from 'node:child_process';
import { has, Programs, run } from './toolchain.js';

const kinds = {
  'address,undefined': {
    env: { ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1:halt_on_error=1' },
    runs: [
      ...['refuses', 'tells', 'unarmed', 'closes_inside', 'closes_while_running', 'many_at_once'].map((name) => [
        'watcher.c',
        name,
      ]),
      // Not `storm`: the address sanitizer's allocator isn't made for forks from many threads, and deadlocks there.
      ...['resumes', 'cut_off', 'spawns', 'large_storage'].map((name) => ['watcher_fork.c', name]),
      ['ids.c', 'quick'],
      ['strings.c', 'quick'],
      ['registers.c', '50'],
      ['header.c'],
    ],
  },
  // Threads that are started in the child of a threaded fork are more than it follows.
  thread: {
    env: { TSAN_OPTIONS: 'halt_on_error=1:die_after_fork=0' },
    runs: [
      ...['refuses', 'tells', 'unarmed', 'closes_inside', 'closes_while_running', 'many_at_once'].map((name) => [
        'watcher.c',
        name,
      ]),
      ['ids.c', 'quick'],
      ['strings.c', 'quick'],
      ['registers.c', '50'],
      ['header.c'],
    ],
  },
};

/** Sanitizers of this age expect addresses where newer kernels no longer put them at random. */
const wrapper = has('setarch') ? ['setarch', process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R'] : [];

for (const [kind, { env, runs }] of Object.entries(kinds)) {
  const works =
    spawnSync('gcc', [`-fsanitize=${kind}`, '-x', 'c', '-', '-o', '/dev/null'], {
      input: 'int main(void) { return 0; }',
    }).status === 0;
  const skip = works ? false : `needs gcc with -fsanitize=${kind}`;
  t.test(`nothing is found by -fsanitize=${kind}`, { skip }, (test) => {
    const programs = new Programs(`sanitize-${kind.slice(0, 3)}`, {
      cmake: [`-DPOLYPROBE_SANITIZE=${kind}`, '-DCMAKE_BUILD_TYPE=RelWithDebInfo'],
      flags: [`-fsanitize=${kind}`, '-fno-omit-frame-pointer'],
    });
    const built = new Map<string, string>();
    for (const [source, ...args] of runs) {
      if (!built.has(source!)) built.set(source!, programs.program(source!));
      const [command, ...rest] = [...wrapper, built.get(source!)!, ...args];
      // In a forked child the leak checker looks for the parent's threads, and complains.
      const leaks = source === 'watcher_fork.c' ? { ASAN_OPTIONS: 'detect_leaks=0' } : {};
      const outcome = run(command!, rest, { ...env, ...leaks });
      test.equal(outcome.stderr, '', `${source} ${args.join(' ')}`);
      test.equal(outcome.signal ?? outcome.status, 0, `${source} ${args.join(' ')} ends well`);
    }
    test.end();
  });
}
