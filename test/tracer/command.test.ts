/** `polyprobe trace` as a person runs it: signals, ends, errors, output. */
import { spawnSync } from 'node:child_process';
import t, { type Test } from 'tap';
import { Programs } from '../native/toolchain.js';
import { untraceable, type Lines } from '../native/tracers.js';
import { Pattern, bpftracesOf, command, compile, runs, until } from './programs.js';

const skip = untraceable();
if (skip) t.plan(0, `skipped: ${skip}`);
else {
  const path = compile(new Programs('trace-command'));

  /** Starts it on one process and waits until it says that it is attached. */
  const tracing = async (t: Test, pattern: Pattern, ...args: string[]): Promise<Lines> => {
    const trace = command(t, 'trace', ...args, '-v', '-p', String(pattern.pid));
    await trace.until(({ stderr }) => stderr.includes('attached to'), 'it is attached');
    return trace;
  };

  void t.test('Ctrl-C ends it with a table, and status 0', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'calls');
    await pattern.do('repeat 12345');
    trace.process.kill('SIGINT');
    t.equal(await trace.ended, 0);
    t.match(trace.lines, [
      /^ CALLS +OWN ms +OWN +INCLUSIVE ms +us\/CALL +LANGUAGE +FUNCTION +PLACE$/,
      /^12,345 +[\d.]+ +100\.0% +[\d.]+ +[\d.]+ +node +Scope\.leaf +\/app\/pattern\.js:14$/,
    ]);
    t.equal(await pattern.armed('function__entry'), false, 'and the site is as it was');
  });

  void t.test('JSON has raw numbers', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'calls', '--json', '--top', '1');
    await pattern.do('repeat 1000', 'call 1');
    await trace.stop();
    const { tool, seconds, functions, lost } = JSON.parse(trace.lines.join('\n')) as Record<string, unknown>;
    t.match({ tool, lost }, { tool: 'calls', lost: { events: 0, map_entries: 0 } });
    t.match(functions, [{ function: 'leaf', calls: 1001, own_ns: Number, pids: [pattern.pid] }]);
    t.equal((functions as unknown[]).length, 1);
    t.ok((seconds as number) > 0);
  });

  void t.test('a live tool prints as it happens, an object a line with --json', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'flow', '--json');
    await pattern.do('enter f');
    const first = JSON.parse(await trace.line(/./)) as unknown;
    t.match(first, { event: 'call', function: 'Scope.f', file: '/app/pattern.js', line: 11, depth: 0 });
    await trace.stop();
    t.equal(await trace.ended, 0);
  });

  void t.test('it ends by itself when the process has, and shows what it did', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'calls');
    pattern.say('repeat 5');
    await pattern.end();
    t.equal(await trace.ended, 0);
    t.match(trace.lines[1], /^ +5 .*Scope\.leaf/);
  });

  void t.test('--seconds ends it', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = command(t, 'trace', 'calls', '-p', String(pattern.pid), '--seconds', '0.5');
    t.equal(await trace.ended, 0);
    t.equal(trace.stderr, 'polyprobe: nothing was traced\n');
    t.same(trace.lines, []);
  });

  void t.test('a second Ctrl-C quits at once', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'calls');
    const [bpftrace] = bpftracesOf(trace.process.pid!);
    process.kill(bpftrace!, 'SIGSTOP');
    trace.process.kill('SIGINT');
    await until('the second to be heard', () => !trace.process.kill('SIGINT'));
    t.equal(await trace.ended, 130);
    await until('bpftrace to be gone', () => !runs(bpftrace!));
  });

  void t.test('when it is killed, no bpftrace and no armed site stays behind', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'calls');
    const children = bpftracesOf(trace.process.pid!);
    t.equal(children.length, 1);
    t.equal(await pattern.armed('function__entry'), true);
    trace.process.kill('SIGKILL');
    await trace.ended;
    await until('bpftrace to be gone', () => !runs(children[0]!));
    await until('the site to be unarmed', async () => !(await pattern.armed('function__entry')));
  });

  void t.test('a reader that goes away ends it quietly', async (t) => {
    const pattern = await Pattern.start(t, path);
    const trace = await tracing(t, pattern, 'flow');
    trace.process.stdout!.destroy();
    pattern.say('repeat 10000');
    const code = await trace.ended;
    t.equal(code, 0);
    t.notMatch(trace.stderr, /EPIPE|Error|at /);
    await until('the site to be unarmed', async () => !(await pattern.armed('function__entry')));
  });

  void t.test('errors say what to do', async (t) => {
    const said = async (...args: string[]): Promise<[unknown, string]> => {
      const trace = command(t, 'trace', ...args);
      return [await trace.ended, trace.stderr];
    };
    const pattern = await Pattern.start(t, path);
    const pid = String(pattern.pid);
    t.match(await said('nosuch'), [
      2,
      /no tool 'nosuch'\n +expected: one of calls, events, exceptions, flow, gc, requests/,
    ]);
    for (const wrong of ['0', 'x', '1.5', '-3', '99999999999'])
      t.match(await said('calls', `-p${wrong}`), [2, /process number/], wrong);
    for (const wrong of ['0', 'x', '1e3', '', '-1'])
      t.match(await said('calls', '-p', pid, `--seconds=${wrong}`), [2, /seconds/], wrong);
    for (const wrong of ['0', 'many'])
      t.match(await said('calls', '-p', pid, `--top=${wrong}`), [2, /whole number/], wrong);
    t.match(await said('calls', '-p', String(process.ppid)), [
      1,
      /has not loaded polyprobe[^]*polyprobe run -- COMMAND/,
    ]);
    const gone = spawnSync('true').pid;
    t.match(await said('calls', '-p', String(gone)), [1, new RegExp(`no process ${gone}`)]);
    t.match(await said(), [2, /missing required argument/]);
  });

  void t.test('without root it says the command to type', (t) => {
    const main = command(t, 'script').process.spawnargs;
    const [node, file] = main as [string, string];
    // A plain user might not be let into the folder of the project: only what the command asks for is changed.
    const args = ['--import', 'data:text/javascript,process.geteuid=()=>1000', file, 'trace', 'calls', '-p', '1'];
    const plain = spawnSync(node, args, { encoding: 'utf8' });
    t.equal(plain.status, 77);
    t.match(plain.stderr, /to do: run it as root: sudo .*polyprobe trace calls -p 1\n/);
    t.end();
  });
}
