/** The same program counted by perf and by the kernel's own uprobe events: every tracer tells the same number. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { readProbes } from '../../core/elf/notes.js';
import { LIBRARY } from '../../core/paths.js';
import { providerEnv, runNode, PROGRAMS } from '../harness/node.js';
import { armedProbes, until } from '../harness/trace.js';

const run = promisify(execFile);

/** Calls that the program makes. */
const CALLS = 12_345;

function offsetOf(name: string): number {
  const probe = readProbes(LIBRARY).probes.find((found) => found.name === name);
  if (probe?.offset === undefined) throw new Error(`no ${name} in ${LIBRARY}`);
  return probe.offset;
}

t.test('raw tracefs counts every entry and every return', async (t) => {
  const tracing = '/sys/kernel/tracing';
  if (!existsSync(join(tracing, 'uprobe_events'))) await run('mount', ['-t', 'tracefs', 'nodev', tracing]);
  const group = `polyprobe_test_${process.pid}`;
  const events = join(tracing, 'uprobe_events');
  const define = (name: string): void =>
    writeFileSync(events, `p:${group}/${name} ${LIBRARY}:0x${offsetOf(name).toString(16)}\n`, { flag: 'a' });
  const enable = join(tracing, 'events', group, 'enable');
  define('function__entry');
  define('function__return');
  t.teardown(() => {
    writeFileSync(enable, '0');
    for (const name of ['function__entry', 'function__return'])
      writeFileSync(events, `-:${group}/${name}\n`, { flag: 'a' });
  });
  writeFileSync(enable, '1');
  await until('the sites', () => armedProbes().has('function__entry') && armedProbes().has('function__return'));
  await runNode('known.js', [String(CALLS)]);
  const hits = (name: string): number =>
    Number(new RegExp(`\\b${name}\\s+(\\d+)`).exec(readFileSync(join(tracing, 'uprobe_profile'), 'utf8'))?.[1]);
  t.equal(hits('function__entry'), CALLS);
  t.equal(hits('function__return'), CALLS);
});

t.test('perf counts every entry of the program that it runs', async (t) => {
  const group = `polyprobe_perf_${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'polyprobe-perf-'));
  const events = '/sys/kernel/tracing/uprobe_events';
  writeFileSync(events, `p:${group}/entry ${LIBRARY}:0x${offsetOf('function__entry').toString(16)}\n`, { flag: 'a' });
  t.teardown(() => {
    writeFileSync(events, `-:${group}/entry\n`, { flag: 'a' });
    rmSync(folder, { recursive: true });
  });
  const output = join(folder, 'stat');
  const stat = async (): Promise<number> => {
    const program = [process.execPath, join(PROGRAMS, 'known.js'), String(CALLS)];
    await run('perf', ['stat', '-x', ',', '-o', output, '-e', `${group}:entry`, ...program], { env: providerEnv() });
    return Number(/^(\d+),/m.exec(readFileSync(output, 'utf8'))?.[1]);
  };
  t.equal(await stat(), CALLS);
  t.equal(await stat(), CALLS, 'and the same when the program runs again');
});
