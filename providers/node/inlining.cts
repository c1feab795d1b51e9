/**
 * inlining: room for our guards in V8's budgets.
 *
 * V8 decides by the length of bytecode what it inlines into optimised code. A guard takes 16 to 19 bytes of it (insert.cts)
 * and no instruction, so what was inlined before wouldn't be any more. Raised by what the guards take, the limits let V8 decide
 * as it does without us. It costs 2 to 10 ms of start-up, because V8 keeps compiled code apart by flags and compiles some of
 * Node's own modules anew; therefore it is done when the first file is instrumented. ARCHITECTURE.md has the comparison.
 *
 * Called by: `source.cts`.
 */
import { setFlagsFromString } from 'node:v8';

/** V8's flags, and how far each limit is moved. Their defaults: https://github.com/v8/v8/blob/11.3.244/src/flags/flag-definitions.h#L900 */
const LIMITS = { '': 500, '-cumulative': 1400, '-small': 46 };

/** The program's own choice stands. */
const CHOSEN = /inlined[-_]bytecode[-_]size|freeze[-_]flags/;

let done = false;

/** Raises the limits, once. Never throws. */
export function makeRoom(env: NodeJS.ProcessEnv = process.env): void {
  if (done) return;
  done = true;
  if (env['POLYPROBE_INLINING'] === '0') return;
  if (CHOSEN.test(`${process.execArgv.join(' ')} ${env['NODE_OPTIONS'] ?? ''}`)) return;
  const isMaglevThere = Number(process.versions.v8.split('.', 1)[0]) >= 13;
  for (const [suffix, bytes] of Object.entries(LIMITS)) {
    setFlagsFromString(`--max-inlined-bytecode-size${suffix}=${bytes}`);
    if (isMaglevThere) setFlagsFromString(`--max-maglev-inlined-bytecode-size${suffix}=${bytes}`);
  }
}
