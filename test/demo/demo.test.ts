/** `npm start`'s main job, whole: it ends well, its counts agree, and nothing stays behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { PACKAGE } from '../../core/paths.js';
import { routeOf, wholeVisits } from '../../core/demo/load.js';
import { plainEnv } from '../harness/node.js';
import { until } from '../harness/trace.js';

const MAIN = join(PACKAGE, 'dist/core/demo/main.js');
const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('polyprobe-demo-'));

/** Starts it in a terminal's absence. */
function start(): {
  output: () => string;
  pid: number;
  kill: (signal: NodeJS.Signals) => void;
  closed: Promise<unknown[]>;
} {
  const child = spawn(process.execPath, [MAIN], { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv() });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  return {
    output: () => output,
    pid: child.pid!,
    kill: (signal) => child.kill(signal),
    closed: once(child, 'close'),
  };
}

/** The bpftraces that a process has started. */
function tracersOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return /^Name:\tbpftrace$/m.test(status) && new RegExp(`^PPid:\t${parent}$`, 'm').test(status);
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

/** Whether a process exists and has not ended: one that waits for its parent has. */
const lives = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

t.test('a target is told by its route', async (t) => {
  t.equal(routeOf('GET', '/products/17'), 'GET /products/:id');
  t.equal(routeOf('GET', '/search?q=a/1'), 'GET /search');
  t.equal(routeOf('POST', '/orders'), 'POST /orders');
});

t.test('requests are made in whole visits, one for each customer at least', async (t) => {
  t.equal(wholeVisits(0), 64);
  t.equal(wholeVisits(1000), 1024);
});

t.test('it traces the shop, and its counts agree with the others’', async (t) => {
  const before = folders();
  const demo = start();
  const [code] = await demo.closed;
  t.equal(code, 0, demo.output());
  t.equal(demo.output().match(/^ {2}equal /gm)?.length, 6, 'every comparison was made');
  t.notMatch(demo.output(), /DIFFER|were lost/);
  t.match(demo.output(), /^app\/search\.editDistance +[\d,]+ /m);
  t.match(demo.output(), /^scavenge +[\d,]+ /m);
  t.match(demo.output(), /^OrderError: copper lamp is sold out +[\d,]+ +app\/orders\.js:14$/m);
  t.notOk(demo.output().includes('\u001b'), 'no colours through a pipe');
  t.same(folders(), before, 'its folder is gone');
});

t.test('interrupted while it traces, it leaves nothing behind', async (t) => {
  const before = folders();
  const demo = start();
  await until('the trace', () => /^trace /m.test(demo.output()));
  const shop = Number(/process (\d+)/.exec(demo.output())?.[1]);
  const tracers = tracersOf(demo.pid);
  t.ok(lives(shop) && tracers.length >= 4, 'shop and tracers run');
  demo.kill('SIGINT');
  const [code] = await demo.closed;
  t.equal(code, 130);
  await until('the end of all processes', () => ![shop, ...tracers].some(lives));
  t.same(folders(), before, 'its folder is gone');
});
