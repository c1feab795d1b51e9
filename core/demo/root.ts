/** Becoming root, by sudo and with consent: the kernel lets nobody else trace. Called by main.ts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { EXIT_NO_PERMISSION } from '../cli/errors.js';
import { fail } from '../cli/output.js';

async function agrees(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y|yes|)$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}

function refuse(): never {
  fail(
    'demo/not-root',
    'tracing needs root',
    'to be run as root, or a terminal to ask for sudo on',
    'sudo npm start',
    EXIT_NO_PERMISSION,
  );
}

/**
 * Runs this program again as root, when it isn't.
 * @returns its exit status, or undefined when this process is root
 * @throws CliError when there is nobody to ask
 */
export async function again(): Promise<number | undefined> {
  if (process.geteuid?.() === 0) return undefined;
  if (!process.stdin.isTTY) refuse();
  const question = 'Tracing needs root: run it with sudo? The traced program runs as you. [Y/n] ';
  if (!(await agrees(question))) refuse();
  // A signal of the terminal's reaches both; the one below cleans up, and this one waits for it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  // sudo has a PATH of its own, where a Node of nvm's isn't.
  const command = ['env', `PATH=${process.env['PATH'] ?? ''}`, process.execPath, ...process.argv.slice(1)];
  const child = spawn('sudo', command, { stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
