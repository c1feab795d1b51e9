/**
 * Requests that know who they are: `programs/context/storm.js` under a tracer, asked by many connections at once.
 *
 * Each request has a function, an exception and calls of its own, by name; so each event says by itself which request it
 * belongs to, and the tracer counts pairs of name and id. Maps lose nothing, unlike what bpftrace prints.
 */
import * as http from 'node:http';
import * as http2 from 'node:http2';
import * as https from 'node:https';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { PROGRAMS, type Running } from '../harness/node.js';
import { countsOf, until, type Actions, type Counts, type Tracer } from '../harness/trace.js';
import { setOf, type Isolated } from './isolated.js';

/** Every event must carry what the thread's last switch said; switches must follow from each other. */
const AGREE = 'if (arg0 != @now[tid]) { @disagree[pid, probe] = count(); }';
/** Only the functions of `writeWorks`: a map has room for 100,000 keys. */
const WORKS = 'if (strncmp(str(arg2), "work_", 5) == 0)';
export const ACTIONS: Actions = {
  context__switch: `if (@now[tid] != arg0) { @broken[pid] = count(); } if (arg0 == arg1) { @same[pid] = count(); }
    if (arg2 + arg3 != 0) { @stacks[pid] = count(); } @now[tid] = arg1; @switches[pid] = count();`,
  request__start: `@start[pid, arg0, str(arg3)] = count(); ${AGREE}`,
  function__entry: `${WORKS} { @entry[pid, arg0, str(arg2)] = count(); } ${AGREE}`,
  function__return: `${WORKS} { @return[pid, arg0, str(arg2)] = count(); } ${AGREE}`,
  exception__thrown: `@thrown[pid, arg0, str(arg2)] = count(); ${AGREE}`,
  call__start: '@call[pid, arg1, str(arg4)] = count(); if (arg1 != @now[tid]) { @disagree[pid, probe] = count(); }',
  runtime__hooks: '@hooks[pid] = arg2; printf("hooks %d %lu\\n", pid, arg2);',
};

/** A module with a function for each number. */
export function writeWorks(folder: string, count: number): string {
  const file = join(folder, 'works.cjs');
  const works = Array.from({ length: count }, (_, n) => `exports[${n}] = function work_${n}(n) { return n + 1; };`);
  writeFileSync(file, `${works.join('\n')}\nexports.fail = (n) => {\n  throw new Error('own ' + n);\n};\n`);
  return file;
}

export interface Storm {
  readonly running: Running;
  readonly port: number;
}

export async function startStorm(
  t: Test,
  isolated: Isolated,
  works: string,
  steps: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Storm> {
  const running = isolated.start([join(PROGRAMS, 'context/storm.js'), works, steps], isolated.env(env));
  t.teardown(() => running.child.kill('SIGKILL'));
  return { running, port: Number((await running.line('port ')).split(' ')[1]) };
}

/** Waits until a process has hooked exactly what a tracer asks for. */
export function hooked(tracer: Tracer, pid: number, actions: Actions): Promise<void> {
  const said = `hooks ${pid} ${setOf(Object.keys(actions))}`;
  return until('the hooks', () => tracer.printed().some((text) => text.trim() === said));
}

/** One request to its end. */
function one(port: number, n: number, agent: http.Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const method = n % 3 === 0 ? 'POST' : 'GET';
    const { request } = agent instanceof https.Agent ? https : http;
    const options = { host: '127.0.0.1', port, path: `/r/${n}`, method, agent, rejectUnauthorized: false };
    const asked = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (data: string) => (text += data));
      response.on('end', () => (text === String(n) ? resolve() : reject(new Error(`${n}: ${text}`))));
    });
    asked.on('error', reject);
    if (method === 'POST') asked.write('the first half, ', () => setImmediate(() => asked.end('the second')));
    else asked.end();
  });
}

/** The same, as a stream of a session. */
function oneStream(session: http2.ClientHttp2Session, n: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const method = n % 3 === 0 ? 'POST' : 'GET';
    const stream = session.request({ ':path': `/r/${n}`, ':method': method }, { endStream: method === 'GET' });
    let text = '';
    stream.setEncoding('utf8').on('data', (data: string) => (text += data));
    stream.on('end', () => (text === String(n) ? resolve() : reject(new Error(`${n}: ${text}`)))).on('error', reject);
    if (method === 'POST') stream.write('the first half, ', () => setImmediate(() => stream.end('the second')));
  });
}

/** Asks for `/r/N` once for each number, on so many connections that are kept; by http2, with ten streams on each. */
export async function ask(port: number, numbers: readonly number[], connections: number, kind = 'http'): Promise<void> {
  const agent = new (kind === 'https' ? https : http).Agent({ keepAlive: true, maxSockets: connections });
  const sessions = Array.from({ length: kind === 'http2' ? connections / 10 : 0 }, () =>
    http2.connect(`http://127.0.0.1:${port}`),
  );
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      while (next < numbers.length) {
        const n = numbers[next++]!;
        await (kind === 'http2' ? oneStream(sessions[index % sessions.length]!, n) : one(port, n, agent));
      }
    }),
  );
  agent.destroy();
  for (const session of sessions) session.close();
}

/** What is wrong with what a tracer saw of the requests; empty: nothing. */
export function mistakes(
  maps: Map<string, Counts>,
  pid: number,
  hits: Readonly<Record<string, number>>,
  backs = true,
): string[] {
  const wrong: string[] = [];
  for (const map of ['@broken', '@same', '@stacks', '@disagree'])
    for (const [key, count] of Object.entries(countsOf(maps, map, pid))) wrong.push(`${map} ${key}: ${count}`);
  const ids = new Map<string, string>();
  const seen = new Set<string>();
  for (const [key, count] of Object.entries(countsOf(maps, '@start', pid))) {
    const [id, target] = key.split(',') as [string, string];
    if (count !== 1 || ids.has(target) || seen.has(id) || id === '0') wrong.push(`started: ${key}, ${count} times`);
    ids.set(target, id);
    seen.add(id);
  }
  /** Pairs of id and text, as they must be. */
  const same = (map: string, is: RegExp, expected: [text: string, target: string, count: number][]): void => {
    const actual = new Map(Object.entries(countsOf(maps, map, pid)).filter(([key]) => is.test(key)));
    for (const [text, target, count] of expected) {
      const key = `${ids.get(target) ?? 'missing'},${text}`;
      if (actual.get(key) !== count) wrong.push(`${map} ${text}: ${actual.get(key) ?? 0} of ${count} as ${target}`);
      actual.delete(key);
    }
    for (const [key, count] of actual) {
      const [id, text] = key.split(',');
      const whose = [...ids].find(([, other]) => other === id)?.[0] ?? id;
      wrong.push(`${map} ${text}: ${count} as ${whose}`);
    }
  };
  const own = Object.entries(hits);
  for (const map of ['@entry', '@return'])
    same(map, /work_/, own.map(([n, count]) => [`work_${n}`, `/r/${n}`, count])); // prettier-ignore
  if (!backs) return wrong;
  same('@thrown', /own /, own.map(([n]) => [`own ${n}`, `/r/${n}`, 1])); // prettier-ignore
  same('@thrown', /back /, own.map(([n]) => [`back ${n}`, `/back/${n}`, 1])); // prettier-ignore
  const calls = [...(maps.get('@call')?.keys() ?? [])].map((key) => key.split(',')[2]!);
  const base = calls[0]?.replace(/\d+$/, '') ?? '';
  same('@call', /./, own.map(([n]) => [`${base}${n}`, `/r/${n}`, 1])); // prettier-ignore
  return wrong;
}

/** Ends the program. @returns how often each request called its function */
export async function hitsOf({ running }: Storm): Promise<Record<string, number>> {
  running.say('end');
  const line = await running.line('hits ');
  const { stdout, stderr } = await running.done;
  if (stderr !== '' || stdout.includes('failed')) throw new Error(stdout.split('hits ')[0] + stderr);
  return JSON.parse(line.slice(5)) as Record<string, number>;
}
