/** What `trace` and `script` share: how their errors are said. */
import { TracerError, type TracerErrorCode } from '../tracer/errors.js';
import { EXIT_FAILED, EXIT_NO_PERMISSION, EXIT_USAGE } from './errors.js';
import { fail } from './output.js';

const EXITS: Readonly<Partial<Record<TracerErrorCode, number>>> = {
  'unknown-tool': EXIT_USAGE,
  'not-root': EXIT_NO_PERMISSION,
  'no-tracing': EXIT_NO_PERMISSION,
};

/** Runs something of the tracer's room and says what it throws as every command does. */
export async function tracing(run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof TracerError)) throw error;
    const { code, what, expected } = error;
    const todo = code === 'not-root' ? `run it as root: ${sudo()}` : error.todo;
    fail(`tracer/${code}`, what, expected, todo, EXITS[code] ?? EXIT_FAILED);
  }
}

/** This command line under sudo. */
function sudo(): string {
  const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  // sudo looks for commands in a path of its own, where a Node of nvm's isn't.
  const usual = /^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$/.test(process.execPath);
  return ['sudo', ...(usual ? [] : ['env', '"PATH=$PATH"']), 'polyprobe', ...process.argv.slice(2).map(quote)].join(
    ' ',
  );
}
