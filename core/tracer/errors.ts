/** What can go wrong in this room. How a code becomes an exit status is the command line's business (core/cli). */

/**
 * - `unknown-tool`: no tool of that name.
 * - `bad-tool`: a tool's file isn't written as script.ts expects it.
 * - `path`: the library's path can't be written in an attach point.
 * - `no-library`: neither an installed library nor a process that maps one.
 * - `no-probes`: none of the copies has the probes that the tool traces.
 * - `not-loaded`: the process lives, and hasn't mapped the library.
 * - `not-root`: the kernel lets nobody else trace.
 * - `no-bpftrace`, `old-bpftrace`: it isn't installed, or is too old.
 * - `no-tracing`: the kernel refuses, although we are root.
 * - `failed`: bpftrace ended by itself; `detail` is what it said.
 * - `stuck`: it neither attached nor ended in time.
 */
export type TracerErrorCode =
  | 'unknown-tool'
  | 'bad-tool'
  | 'path'
  | 'no-library'
  | 'no-probes'
  | 'not-loaded'
  | 'not-root'
  | 'no-bpftrace'
  | 'old-bpftrace'
  | 'no-tracing'
  | 'failed'
  | 'stuck';

/** Tracing can't start, or couldn't go on. */
export class TracerError extends Error {
  override readonly name = 'TracerError';
  constructor(
    readonly code: TracerErrorCode,
    /** What happened. */
    readonly what: string,
    readonly expected: string,
    readonly todo: string,
    options?: ErrorOptions,
  ) {
    super(what, options);
  }
}
