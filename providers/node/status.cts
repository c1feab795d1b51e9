/**
 * What polyprobe does in this process, and if nothing, why: the one documented call, `status()`.
 *
 * Owns: the codes and their texts. Called by: everything in the provider that can fail, the program, `polyprobe check`.
 */

/** Why the provider is on or off. */
export type StatusCode =
  | 'on'
  | 'not-started'
  | 'disabled'
  | 'loader-thread'
  | 'node-version'
  | 'platform'
  | 'architecture'
  | 'musl'
  | 'not-built'
  | 'load-failed'
  | 'forbidden'
  | 'abi'
  | 'start-failed';

/** The answer of `status()`. */
export interface Status {
  /** Whether probes fire here when a tracer attaches. */
  readonly active: boolean;
  readonly code: StatusCode;
  /** What is the case, in a sentence. */
  readonly message: string;
  /** What to do about it; '' for nothing. */
  readonly todo: string;
}

const TEXTS: Record<StatusCode, readonly [message: string, todo: string]> = {
  on: ['probes fire when a tracer attaches', ''],
  'not-started': ['the provider has not been started', "load 'polyprobe' first"],
  disabled: ['switched off by POLYPROBE=off', 'unset POLYPROBE'],
  'loader-thread': ["Node's own loader thread runs no program", ''],
  'node-version': ['this version of Node.js is not supported', 'use Node.js 20, 22.15 or later'],
  platform: ['probes need Linux', 'run the program on Linux to trace it'],
  architecture: ['there are probes for x86-64 and aarch64 only', 'use one of these to trace the program'],
  musl: ['built for glibc, this Node.js uses musl', 'use a glibc build of Node.js to trace the program'],
  'not-built': [
    'the native part is not built for this version of Node.js',
    'apt-get install cmake g++ make, then: npm rebuild polyprobe',
  ],
  'load-failed': ['the native part could not be loaded', 'npm rebuild polyprobe'],
  forbidden: [
    'Node.js may not load native parts here',
    'run it without --no-addons; under the permission model, with --allow-addons and --allow-fs-read for polyprobe',
  ],
  abi: ['libpolyprobe.so has another ABI version than the provider', 'npm rebuild polyprobe'],
  'start-failed': ['the provider could not be started', 'see the message'],
};

/** A status by its code. @param detail its first line ends the message: versions, the system's words */
export function statusOf(code: StatusCode, detail = ''): Status {
  const [message, todo] = TEXTS[code];
  return { active: code === 'on', code, message: detail ? `${message}: ${detail.split('\n', 1)[0]!}` : message, todo };
}
