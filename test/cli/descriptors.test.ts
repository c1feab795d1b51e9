/** `polyprobe run` passes on what a shell would: descriptors, limits, masks, process group. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { CLI, plainEnv, start } from '../harness/node.js';
import { until } from '../harness/trace.js';

/** Lists its own descriptors, with what they are. */
const LIST = `for f in /proc/$$/fd/*; do echo "\${f##*/} $(readlink $f | sed 's/:.*//')"; done`;
const shown = (script: string): string => `'${script.replaceAll("'", "'\\''")}'`;

/** What the command prints when it is run directly, and by `polyprobe run`, with the same descriptors from perl. */
async function both(perl: string, script = LIST): Promise<[string, string]> {
  const around = `$^F = 1000; use POSIX; use Socket; use Fcntl; ${perl}; exec @ARGV`;
  const run = async (through: string): Promise<string> => {
    // The test runner's own descriptors aren't meant.
    const command = `for n in 3 4 5 6 7 8 9; do eval "exec $n<&-"; done; exec perl -e ${shown(around)} ${through} sh -c ${shown(script)}`;
    const { code, stdout, stderr } = await start('sh', ['-c', command], { env: plainEnv() }).done;
    if (code !== 0 || stderr !== '') throw new Error(`${code}: ${stderr}`);
    return stdout;
  };
  return [await run(''), await run(`${process.execPath} ${CLI} run --`)];
}

const put = (from: string, to: number): string =>
  `if (fileno(${from}) != ${to}) { POSIX::dup2(fileno(${from}), ${to}); close(${from}) }`;
const PASSED: Record<string, string> = {
  nothing: '1',
  'a file': `open(F, "<", "/etc/passwd"); ${put('F', 3)}`,
  'files far apart': `open(F, "<", "/etc/passwd"); open(G, "<", "/etc/hosts"); ${put('F', 7)}; ${put('G', 300)}`,
  'a listening socket, as systemd does': `socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK)); listen(S, 5); ${put('S', 3)}; $ENV{LISTEN_FDS} = 1; $ENV{LISTEN_PID} = $$`,
  "a pipe's reading end": `pipe(R, W); syswrite(W, "x"); close(W); ${put('R', 3)}`,
  'both ends of a pipe, as make does': `pipe(R, W); syswrite(W, "+++"); ${put('R', 3)}; ${put('W', 4)}`,
  'both ends of a pipe, higher up': `pipe(R, W); syswrite(W, "+++"); ${put('R', 8)}; ${put('W', 10)}`,
  'both ends of a pipe that never blocks': `pipe(R, W); fcntl(R, F_SETFL, O_NONBLOCK); fcntl(W, F_SETFL, O_NONBLOCK); select(undef, undef, undef, 0.05); ${put('R', 7)}; ${put('W', 9)}`,
  "a pipe that looks like libuv's lock": `pipe(R, W); syswrite(W, "*"); ${put('R', 3)}; ${put('W', 4)}`,
  'a folder and a device': `sysopen(D, "/tmp", O_RDONLY); open(N, "<", "/dev/zero"); ${put('D', 5)}; ${put('N', 6)}`,
};

for (const [what, perl] of Object.entries(PASSED))
  t.test(`${what}: the command has the same descriptors as without us, and no other`, async (t) => {
    const [direct, through] = await both(perl);
    t.equal(through, direct);
    for (const fd of perl.match(/(?<=dup2\(fileno\(.\), )\d+/g) ?? []) t.match(direct, new RegExp(`^${fd} `, 'm'));
  });

t.test('what is passed on can be read', async (t) => {
  const [direct, through] = await both(`open(F, "<", "/etc/passwd"); ${put('F', 3)}`, 'head -n 1 <&3');
  t.equal(through, direct);
  t.match(direct, /^root:/);
});

// Not signals that are ignored or blocked: Node sets all of them anew when it starts, before anybody could look (run.test.ts).
t.test('limits, masks, priority, folder and the process group are the same', async (t) => {
  const look =
    "grep -E '^(Umask|SigCgt|Seccomp|NoNewPrivs)' /proc/$$/status; cat /proc/$$/limits; cut -d' ' -f5-8 /proc/$$/stat | sed \"s/\\b$$\\b/own/g\"; pwd; nice";
  const [direct, through] = await both('umask(037); POSIX::nice(3)', look);
  t.equal(through, direct);
  t.match(direct, /^Umask:\t0037$/m);
});

t.test('an interrupt for the whole process group ends the command as without us', async (t) => {
  const program = join(t.testdir({}), 'program.cjs');
  writeFileSync(
    program,
    `let times = 0; process.on('SIGINT', () => { console.log('interrupted', ++times); if (times === 2) process.exit(9); });
     console.log('ready'); setInterval(() => {}, 1000);`,
  );
  for (const through of [[], [CLI, 'run', '--', process.execPath]]) {
    const running = start(process.execPath, [...through, program], { env: plainEnv(), detached: true });
    await running.line('ready');
    process.kill(-running.pid, 'SIGINT');
    await running.line('interrupted 1');
    process.kill(-running.pid, 'SIGINT');
    const { code, stdout, stderr } = await running.done;
    t.same([code, stdout, stderr], [9, 'ready\ninterrupted 1\ninterrupted 2\n', '']);
  }
  // By the default disposition it dies of it.
  for (const through of [[], [process.execPath, CLI, 'run', '--']]) {
    const [command, ...args] = [...through, 'sleep', '1000'];
    const running = start(command, args, { env: plainEnv(), detached: true });
    await until('sleep to run', () => readFileSync(`/proc/${running.pid}/comm`, 'utf8') === 'sleep\n');
    process.kill(-running.pid, 'SIGINT');
    t.equal((await once(running.child, 'close'))[1], 'SIGINT');
  }
});
