/**
 * What `polyprobe check` runs in Node: everything once for each line of input; see Exercise in types.ts.
 *
 * Needs --expose-gc. Serves and calls itself over loopback; touches no file but its own.
 */
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

function callee(n: number): number {
  return n + 1;
}

function throwing(): void {
  throw new RangeError('expected: polyprobe check');
}

/** A file is loaded once only, so one that isn't there is asked for: its load starts and is done all the same. */
function load(): void {
  try {
    require('./node-exercise-of-no-such-name.cjs');
  } catch {
    // As expected.
  }
}

const server = createServer((_, response) => response.end('served'));

function request(): Promise<void> {
  const { port } = server.address() as AddressInfo;
  return new Promise((settle, fail) => {
    get({ host: '127.0.0.1', port, path: '/polyprobe-check', agent: false }, (response) => {
      response.resume();
      response.on('close', settle);
    }).on('error', fail);
  });
}

async function everything(): Promise<void> {
  for (let n = 0; n < 3; n++) callee(n);
  try {
    throwing();
  } catch {
    // As expected.
  }
  load();
  (globalThis as { gc?: () => void }).gc?.();
  await request();
  // What is answered has been sent; that it's done is known to the server one turn later.
  await new Promise((settle) => setImmediate(settle));
}

server.listen(0, '127.0.0.1', () => {
  const input = createInterface({ input: process.stdin });
  let work = Promise.resolve();
  input.on('line', () => {
    work = work.then(everything).then(() => void process.stdout.write('done\n'));
  });
  input.on('close', () => server.close());
  process.stdout.write('ready\n');
});
