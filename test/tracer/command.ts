/** The two commands of this room alone, as a program: what core/cli/main.ts does with them. */
import { Command, CommanderError } from 'commander';
import { quietPipes, reportError } from '../../core/cli/output.js';
import { register as script } from '../../core/cli/script.js';
import { register as trace } from '../../core/cli/trace.js';

const program = new Command('polyprobe').exitOverride();
script(program);
trace(program);
for (const each of program.commands) each.exitOverride();
quietPipes();
try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else reportError(error);
}
