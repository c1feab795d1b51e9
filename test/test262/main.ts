/**
 * `node dist/test/test262/main.js --suite FOLDER [WORDS]`: runs test262 with and without the instrumentation, and lists what
 * differs. A test that fails in the same words both times is V8's affair and none of ours.
 *
 * Owns: the child processes. See CONTRIBUTING.md for how to get the suite.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { STATES, type State } from './callbacks.js';
import type { Job, Result } from './child.js';
import { DEFAULT_FOLDERS, testsOf } from './suite.js';

const USAGE = `usage: node dist/test/test262/main.js --suite FOLDER [options] [WORDS]
  --suite FOLDER   a checkout of https://github.com/tc39/test262
  --node PATH      the Node.js to run the tests in; this one by default
  --states LIST    of ${STATES.join(',')}; native and flicker need a tracer of all function probes
  --folders LIST   folders of the suite; by default its language tests and the built-ins that have to do with functions
  --jobs N         processes at once
  --report FILE    everything that differs, as JSON
WORDS: only tests whose paths contain one of them`;

/** A run that says nothing for so long hangs. */
const HANG_MS = 20_000;
/** Realms aren't given back at once: a process is replaced after so many tests. */
const TESTS_PER_CHILD = 400;
/** Sent ahead, so that a child never waits for the next. */
const AHEAD = 8;

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    suite: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    states: { type: 'string', default: 'plain,untraced,traced,flipping' },
    folders: { type: 'string', default: DEFAULT_FOLDERS.join() },
    jobs: { type: 'string', default: String(cpus().length) },
    report: { type: 'string' },
  },
});

const states = options.states.split(',') as State[];
if (options.suite === undefined || states.some((state) => !STATES.includes(state))) {
  console.error(USAGE);
  process.exit(2);
}
const suite = resolve(options.suite);
if (!existsSync(join(suite, 'harness/assert.js'))) {
  console.error(`${suite} isn't a checkout of test262: it has no harness/assert.js`);
  process.exit(2);
}

const queue: Job[] = testsOf(suite, options.folders.split(','), words).map((path) => ({ path, states }));
const total = queue.length;
/** By path and mode, what each state came to. */
const outcomes = new Map<string, Partial<Record<State, Result>>>();

function record(result: Result): void {
  const key = `${result.path} ${result.mode}`;
  const known = outcomes.get(key) ?? {};
  known[result.state] = result;
  outcomes.set(key, known);
}

/** A test has ended its process or hangs: run once more, a state alone, it is known which. */
function blame(job: Job, how: string): void {
  if (job.states.length > 1)
    return void queue.unshift(...job.states.map((state) => ({ path: job.path, states: [state] })));
  record({ path: job.path, mode: 'raw', state: job.states[0]!, outcome: how, wrong: [], calls: 0, refused: '' });
}

/** One process after the other, until nothing is left to do. */
async function worker(): Promise<void> {
  while (queue.length > 0) await child();
}

function child(): Promise<void> {
  const flags = ['--experimental-vm-modules', '--expose-gc', '--allow-natives-syntax', '--no-warnings'];
  const running: ChildProcess = fork(join(import.meta.dirname, 'child.js'), [suite], {
    execPath: options.node,
    execArgv: flags,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const sent: Job[] = [];
  let count = 0;
  let stderr = '';
  let isHanging = false;
  const hangs = (): void => {
    isHanging = true;
    running.kill('SIGKILL');
  };
  let timer = setTimeout(hangs, HANG_MS);
  const feed = (): void => {
    while (sent.length < AHEAD && count < TESTS_PER_CHILD && queue.length > 0) {
      const job = queue.shift()!;
      sent.push(job);
      count++;
      running.send(job);
    }
    if (sent.length === 0) running.disconnect();
  };
  running.stderr!.on('data', (text: Buffer) => (stderr = (stderr + text.toString()).slice(-2000)));
  running.on('message', (message: Result | { path?: string }) => {
    clearTimeout(timer);
    timer = setTimeout(hangs, HANG_MS);
    if ('outcome' in message) return record(message);
    if (message.path !== undefined) sent.shift();
    progress();
    feed();
  });
  return new Promise((done) =>
    running.on('exit', (code, signal) => {
      clearTimeout(timer);
      const [culprit, ...others] = sent;
      queue.unshift(...others);
      if (culprit)
        blame(culprit, isHanging ? 'hangs' : `ends the process: ${signal ?? code} ${stderr.split('\n', 1)[0]}`);
      else if (code !== 0 && count === 0) {
        console.error(`the child could not be started: ${stderr}`);
        process.exit(1);
      }
      done();
    }),
  );
}

function progress(): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${total - queue.length} of ${total} `);
}

interface Difference {
  readonly test: string;
  readonly state: State;
  readonly plain: string;
  readonly ours: string;
}

function differences(): Difference[] {
  const found: Difference[] = [];
  for (const [test, results] of [...outcomes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const plain = results.plain?.outcome ?? 'missing';
    for (const state of states) {
      const result = results[state];
      const ours = result?.outcome ?? 'missing';
      if (ours !== plain) found.push({ test, state, plain, ours });
      for (const wrong of result?.wrong ?? []) found.push({ test, state, plain: 'nothing out of order', ours: wrong });
    }
  }
  return found;
}

await Promise.all(Array.from({ length: Number(options.jobs) }, worker));
const found = differences();
const refused = new Map<string, string[]>();
let calls = 0;
let passed = 0;
for (const [test, results] of outcomes) {
  if (results.plain?.outcome === 'passed') passed++;
  for (const result of Object.values(results)) calls += result.calls;
  const why = results.untraced?.refused;
  if (why && results.plain?.outcome === 'passed') {
    const reason = why.replace(/ \(\d+:\d+\)/g, '');
    refused.set(reason, [...(refused.get(reason) ?? []), test]);
  }
}
for (const { test, state, plain, ours } of found)
  console.log(`${test} ${state}\n  without us: ${plain}\n  with us:    ${ours}`);
if (options.report !== undefined)
  writeFileSync(options.report, JSON.stringify({ found, refused: Object.fromEntries(refused) }, null, 1));
for (const [reason, tests] of refused) console.log(`run as they are, ${tests.length}: ${reason}: ${tests[0]}`);
console.log(
  `${outcomes.size} runs of ${total} tests in ${states.length} states, ${passed} passed without us, ` +
    `${calls} calls followed, ${found.length} differences`,
);
process.exitCode = found.length > 0 || outcomes.size === 0 ? 1 : 0;
