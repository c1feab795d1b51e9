/** One program, counted by bpftrace, perf and the kernel's own uprobe events: all say what the program says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { PROGRAMS } from '../harness/node.js';
import { totalOf, until } from '../harness/trace.js';
import { Isolated } from './isolated.js';

const isolated = new Isolated(t);
const program = join(PROGRAMS, 'counted.js');
const TRACING = '/sys/kernel/tracing';
const PROBES = ['function__entry', 'function__return'] as const;
const noPerf = spawnSync('perf', ['--version']).status === 0 ? false : 'perf is not installed';
if (!existsSync(join(TRACING, 'uprobe_events'))) spawnSync('mount', ['-t', 'tracefs', 'nodev', TRACING]);
const noTracefs = existsSync(join(TRACING, 'uprobe_events')) ? false : 'this kernel has no tracefs with uprobe events';

/** Runs a command around Node; what the program said is its own count. */
async function counted(...before: string[]): Promise<{ own: number; pid: number; stderr: string }> {
  const { NODE_OPTIONS, ...env } = isolated.env();
  // Only the program itself is to load the provider: perf doesn't, whatever it is written in.
  const command = [...before, 'env', `NODE_OPTIONS=${NODE_OPTIONS}`, process.execPath, program];
  const running = spawnSync('env', ['-u', 'NODE_OPTIONS', ...command], { env, cwd: PROGRAMS, encoding: 'utf8' });
  if (running.status !== 0) throw new Error(running.stderr);
  return { own: Number(running.stdout), pid: running.pid, stderr: running.stderr };
}

t.test('bpftrace counts what the program counts', async (t) => {
  const tracer = await isolated.attach(t, {
    function__entry: '@entry[pid] = count();',
    function__return: '@return[pid] = count();',
  });
  const { own, pid } = await counted();
  const maps = await tracer.stop();
  t.ok(own > 10_000, `${own} calls`);
  t.equal(totalOf(maps, '@entry', pid), own);
  t.equal(totalOf(maps, '@return', pid), own);
});

/** Hits of each event of a group on the kernel's own list. */
function hits(group: string): Record<string, number> {
  const lines = readFileSync(join(TRACING, 'uprobe_profile'), 'utf8').split('\n');
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const [, event, count] = line.trim().split(/\s+/);
    if (event?.startsWith(`${group}_`)) counts[event.slice(group.length + 1)] = Number(count);
  }
  return counts;
}

/** Where the file has a probe's site, as the kernel wants it. */
function offsetOf(probe: string): string {
  const symbols = execFileSync('nm', ['-D', isolated.library], { encoding: 'utf8' });
  const address = new RegExp(`^0*([0-9a-f]+) T polyprobe_node_${probe}$`, 'm').exec(symbols)![1]!;
  const { stdout } = spawnSync('readelf', ['-lW', isolated.library], { encoding: 'utf8' });
  for (const [, offset, from, size] of stdout.matchAll(
    /^ +LOAD +0x([0-9a-f]+) 0x([0-9a-f]+) 0x[0-9a-f]+ 0x([0-9a-f]+)/gm,
  )) {
    const inside = parseInt(address, 16) - parseInt(from!, 16);
    if (inside >= 0 && inside < parseInt(size!, 16)) return `0x${(parseInt(offset!, 16) + inside).toString(16)}`;
  }
  throw new Error(`${probe} is in no segment of ${isolated.library}`);
}

t.test('raw uprobe events of tracefs count what the program counts', { skip: noTracefs }, async (t) => {
  const group = `polyprobe_test_${process.pid}`;
  const write = (file: string, text: string): void => appendFileSync(join(TRACING, file), `${text}\n`);
  t.teardown(() => {
    write(`events/${group}/enable`, '0');
    for (const probe of PROBES) write('uprobe_events', `-:${group}/${group}_${probe}`);
  });
  for (const probe of PROBES)
    write('uprobe_events', `p:${group}/${group}_${probe} ${isolated.library}:${offsetOf(probe)}`);
  writeFileSync(join(TRACING, `events/${group}/enable`), '1');
  await until('the sites', () => PROBES.every((probe) => isolated.armed().has(probe)));
  const { own } = await counted();
  t.same(hits(group), { function__entry: own, function__return: own });
});

/** Adds perf's events for the library's own notes; gives their names, and how to call perf so that it finds them. */
function perfEvents(t: Test): { perf: string[]; events: string[] } {
  const cache = mkdtempSync(join(tmpdir(), 'polyprobe-perf-'));
  const perf = ['perf', '--buildid-dir', cache];
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(perf[0]!, [...perf.slice(1), ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`perf ${args.join(' ')}: ${stderr}`);
    return stdout + stderr;
  };
  run('buildid-cache', '--add', isolated.library);
  const events: string[] = [];
  t.teardown(() => {
    for (const event of events) run('probe', '--del', event);
    rmSync(cache, { recursive: true, force: true });
  });
  for (const probe of PROBES) {
    const added = run('probe', '--add', `%sdt_polyprobe_node:${probe}`);
    // perf numbers an event whose name is taken.
    const name = new RegExp(`sdt_polyprobe_node:${probe}(_\\d+)?`).exec(added.slice(added.indexOf('Added')))?.[0];
    if (!name) throw new Error(`perf probe said: ${added}`);
    events.push(name);
  }
  return { perf, events };
}

t.test(
  'perf stat counts what the program counts, by the notes that it finds in the library',
  { skip: noPerf },
  async (t) => {
    const { perf, events } = perfEvents(t);
    const { own, stderr } = await counted(...perf, 'stat', '-x,', '-e', events.join());
    const counts = stderr
      .split('\n')
      .map((line) => line.split(','))
      .filter((parts) => events.includes(parts[2] ?? ''))
      .map((parts) => Number(parts[0]));
    t.same(counts, [own, own]);
  },
);

t.test('perf record has a sample of each', { skip: noPerf }, async (t) => {
  const { perf, events } = perfEvents(t);
  const file = join(isolated.folder, 'perf.data');
  const { own } = await counted(
    ...perf,
    'record',
    '-q',
    '-m',
    '8M',
    '-o',
    file,
    ...events.flatMap((event) => ['-e', event]),
  );
  const { stdout } = spawnSync('perf', ['script', '-i', file, '-F', 'event'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const lines = stdout.split('\n');
  // perf record writes a sample twice now and then (measured: a few in a million, while the kernel's own count is exact).
  for (const event of events) {
    const samples = lines.filter((line) => line.trim() === `${event}:`).length;
    t.ok(samples >= own && samples < own * 1.001, `${event}: ${samples} samples of ${own}`);
  }
});

t.test('all at once they still agree', { skip: noPerf }, async (t) => {
  const tracer = await isolated.attach(t, {
    function__entry: '@entry[pid] = count();',
    function__return: '@return[pid] = count();',
  });
  const { perf, events } = perfEvents(t);
  const { own, stderr } = await counted(...perf, 'stat', '-x,', '-e', events.join());
  const maps = await tracer.stop();
  const total = (map: string): number => [...maps.get(map)!.values()].reduce((sum, count) => sum + count, 0);
  t.equal(total('@entry'), own);
  t.equal(total('@return'), own);
  for (const event of events) t.match(stderr, `${own},,${event}`);
});
