/** What Node prints of an error that nobody catches is what it prints without us, to the byte. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { plainEnv, providerEnv, start } from '../harness/node.js';
import { PROGRAMS } from './uncaught-programs.js';

const folder = mkdtempSync(join(tmpdir(), 'polyprobe-uncaught-'));
t.teardown(() => rmSync(folder, { recursive: true }));
for (const [name, text] of Object.entries(PROGRAMS)) writeFileSync(join(folder, name), text);

interface Printed {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Printed> {
  const { code, signal, stdout, stderr } = await start(process.execPath, args, { env, cwd: folder }).done;
  const withoutPid = (text: string): string => text.replace(/^\(node:\d+\)/gm, '(node)');
  return { code, signal, stdout: withoutPid(stdout), stderr: withoutPid(stderr) };
}

const both = (args: readonly string[]): Promise<[plain: Printed, ours: Printed]> =>
  Promise.all([run(args, plainEnv()), run(args, providerEnv({ root: folder }))]);

/** Flags, and the programs that are run with them. */
const RUNS: [flags: readonly string[], names: RegExp][] = [
  // Of a worker's error that the main thread throws again, Node's own frames are named otherwise (README).
  [[], /^(?!bad|good|inworker|worker4)/],
  [['--enable-source-maps'], /^(mapped|prim|noname|topprim|rejtop|syntax|agg|cause)/],
  [['--unhandled-rejections=strict'], /^(rej|noname|unhandled|handler)/],
  [['--unhandled-rejections=warn'], /^(rej|noname|unhandled)/],
  [['--unhandled-rejections=warn-with-error-code'], /^(rej|noname|unhandled)/],
  [['--stack-trace-limit=1'], /^(call|noname|tabs|rejtop)/],
];

for (const [flags, names] of RUNS)
  t.test(`an uncaught error is printed as without us ${flags.join(' ')}`, async (t) => {
    let excerpts = 0;
    for (const name of Object.keys(PROGRAMS).filter((name) => names.test(name))) {
      let [plain, ours] = await both([...flags, name]);
      // Whether a worker's error or its exit arrives first, and so which frames are below it, is chance: with us, and without.
      for (let more = 0; more < 20 && name.startsWith('worker') && plain.stderr !== ours.stderr; more++)
        [plain, ours] = await both([...flags, name]);
      t.same(ours, plain, name);
      if (new RegExp(`/${name}:\\d+\\n[^]*\\n[\\t ]*\\^`).test(ours.stderr)) excerpts++;
    }
    t.ok(excerpts > 0, `${excerpts} had a source line`);
  });
