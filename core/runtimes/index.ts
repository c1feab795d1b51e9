/** The runtimes, in the order of the ABI's languages. A new one is an entry here and one in `core/abi/probes.ts`. */
import type { Recognisable, Recognised } from '../elf/processes.js';
import { node } from './node.js';
import type { Obstacle, RunOptions, Runtime } from './types.js';

export type { Exercise, Installation, Obstacle, Runtime, RunOptions } from './types.js';

/** Every runtime that has a provider. */
export const runtimes: readonly Runtime[] = [node];

/** Which runtime a process is. */
export function recognise(process: Recognisable): Recognised | undefined {
  for (const runtime of runtimes) {
    const found = runtime.recognise(process);
    if (found) return { runtime: runtime.id, program: found.program };
  }
  return undefined;
}

/** The variables that make every runtime load its provider. Runtimes merge: two may use one variable. */
export function environment(options: RunOptions, env: NodeJS.ProcessEnv): Record<string, string> {
  const set: Record<string, string> = {};
  for (const runtime of runtimes) Object.assign(set, runtime.environment(options, { ...env, ...set }));
  return set;
}

/** Why the providers had better not be loaded in a command: it would end because of it. */
export function forbids(command: readonly string[], env: NodeJS.ProcessEnv): Obstacle | undefined {
  for (const runtime of runtimes) {
    const obstacle = runtime.forbids(command, env);
    if (obstacle) return obstacle;
  }
  return undefined;
}
