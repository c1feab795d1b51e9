/** How the set-up talks, asks, and runs commands. Called by `main.mjs`. */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline/promises';

/** Whether it runs before something else, which has its own words: npm says on whose behalf. */
export const isFirstStep = () => /^pre/.test(process.env.npm_lifecycle_event ?? '');

/** A line for the person in front of it. On standard error, as it is no answer. */
export function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}

/** Ends the set-up. */
export function fail(what, todo, status = 1) {
  process.stderr.write(`setup: ${what}\n  to do: ${todo}\n`);
  process.exit(status);
}

/** A command as it is typed. */
const typed = (words) => words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ');

const works = (command, args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Runs a command with our streams; ends the set-up when it fails. */
export function runOrFail(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0)
    fail(
      `${typed([command, ...args])} failed${error ? ` (${error.message})` : ''}`,
      'see its messages above, then the same command again',
    );
}

async function agrees(question) {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(question);
    return /^(y|yes|)$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

/**
 * Runs steps that need root. Somebody who isn't is asked before sudo; without a terminal to ask on, the commands to type
 * are said instead. `retryAfter` is a command to run when the first attempt fails, before the second.
 */
export async function runAsRoot(steps) {
  const root = process.geteuid() === 0;
  const commands = steps.flatMap((step) => step.commands);
  for (const { what } of steps) say(what);
  const lines = commands.map(({ words }) => `    sudo ${typed(words)}`).join('\n');
  if (!root) {
    const manual = `run as root, then the same command again:\n${lines}`;
    if (!works('sudo', ['-V'])) fail('this needs root, and there is no sudo', manual);
    if (!process.stdin.isTTY) fail('this needs root, and there is no terminal to ask on', manual);
    process.stderr.write(`${lines}\n`);
    if (!(await agrees('setup: run this with sudo? [Y/n] '))) fail('nothing was installed', manual);
  }
  const run = (words) => {
    const all = root ? words : ['sudo', ...words];
    // A terminal for sudo's password; apt asks nothing.
    const { status } = spawnSync(all[0], all.slice(1), { stdio: [root ? 'ignore' : 'inherit', 'inherit', 'inherit'] });
    return status === 0;
  };
  for (const { words, retryAfter } of commands) {
    if (run(words) || (retryAfter && run(retryAfter) && run(words))) continue;
    fail(`${typed(words)} failed`, 'see its messages above, then the same command again');
  }
}
