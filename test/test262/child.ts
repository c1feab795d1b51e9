/**
 * Runs tests that `main.ts` sends, one run after the other, and sends back what each came to.
 *
 * A process of its own, because a test may end or hang it. Which runs to compare is the parent's business.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NAMES, Model, type State } from './callbacks.js';
import { compiled, Host, refusals } from './realm.js';
import { harnessFile, metaOf, textOf, type Meta, type Mode } from './suite.js';

/** What the parent sends. */
export interface Job {
  readonly path: string;
  readonly states: readonly State[];
}

/** What one run came to: `passed`, or how it failed. */
export interface Result {
  readonly path: string;
  readonly mode: Mode;
  readonly state: State;
  readonly outcome: string;
  /** What the model says came out of order. */
  readonly wrong: readonly string[];
  readonly calls: number;
  /** Why the text ran as it is although V8 takes it; '' when it was instrumented. */
  readonly refused: string;
}

const suite = process.argv[2]!;
/** For what never says that it is done: the event loop of a test has nothing slow in it. */
const DONE_MS = 1000;

/** Harness files, as they are compiled in a state: shared by all tests. */
const harness = new Map<string, string>();
function harnessText(name: string, state: State): string {
  const key = `${state === 'plain' ? 'plain' : 'ours'} ${name}`;
  let text = harness.get(key);
  if (text === undefined) {
    text = compiled(harnessFile(suite, name), `harness/${name}`, 'script', state);
    harness.set(key, text);
  }
  return text;
}

/** Names an error without caring in which realm it was made. */
function described(error: unknown): string {
  try {
    if (typeof error !== 'object' || error === null) return `thrown: ${String(error)}`;
    const { name, message } = error as { name?: unknown; message?: unknown };
    return `${String(name)}: ${String(message)}`;
  } catch {
    return 'thrown: what can’t be described';
  }
}

/** What isn't caught where it is thrown: in a callback, or in a promise that nobody waits for. */
let uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(`uncaught ${described(error)}`));
process.on('unhandledRejection', () => undefined);

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Runs a test in one way. @returns what it came to */
async function runOne(
  source: string,
  file: string,
  meta: Meta,
  mode: Mode,
  host: Host,
  done: Promise<string>,
): Promise<string> {
  const { state } = host;
  try {
    for (const name of meta.includes) host.run(harnessText(name, state), `harness/${name}`);
    const text = textOf(source, mode);
    if (mode === 'module') await host.runModule(text, file);
    else host.run(compiled(text, file, 'script', state), file);
  } catch (error) {
    return described(error);
  }
  const outcome = meta.isAsync ? await Promise.race([done, wait(DONE_MS, 'never done', { ref: true })]) : 'passed';
  // Whatever the test has left to do belongs to it.
  await turn();
  return outcome;
}

async function run(path: string, source: string, meta: Meta, mode: Mode, state: State): Promise<Result> {
  const model = new Model();
  uncaught = [];
  refusals.clear();
  let say: (text: string) => void = () => undefined;
  const done = new Promise<string>((resolve) => (say = resolve));
  const host = new Host(state, model, (text) => say(text === 'Test262:AsyncTestComplete' ? 'passed' : text));
  const outcome = await runOne(source, join(suite, path), meta, mode, host, done);
  model.drain();
  const wrong = [...model.wrong];
  if (model.entries < model.exits) wrong.push(`${model.entries} entries, ${model.exits} exits`);
  const refused = meta.isNegative ? '' : [...refusals.values()].join('; ');
  return { path, mode, state, outcome: [outcome, ...uncaught].join(', '), wrong, calls: model.entries, refused };
}

/** The addon's callbacks are there when a tracer is: waits for it. */
async function hooked(): Promise<void> {
  while (NAMES.some((name) => name !== '__pp_t' && (globalThis as Record<string, unknown>)[name] === undefined))
    await wait(5);
}

let jobs: Promise<void> = Promise.resolve();
process.on('disconnect', () => process.exit());
process.on('message', ({ path, states }: Job) => {
  jobs = jobs.then(async () => {
    if (states.includes('native')) await hooked();
    const source = readFileSync(join(suite, path), 'utf8');
    const meta = metaOf(source);
    for (const mode of meta.modes)
      for (const state of states) process.send!(await run(path, source, meta, mode, state));
    process.send!({ path });
  });
});
process.send!({ ready: true });
