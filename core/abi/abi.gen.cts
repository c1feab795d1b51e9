/** The probe ABI in TypeScript.
 * Generated from core/abi/probes.ts by `npm run generate`; do not edit.
 */

export const ABI_MAJOR = 1;
export const ABI_MINOR = 0;

/** Number of each probe: its bit in the sets of the watcher and of runtime__hooks. */
export const PROBES = {
  function__entry: 0,
  function__return: 1,
  native__entry: 2,
  native__return: 3,
  exception__thrown: 4,
  gc__start: 5,
  gc__done: 6,
  object__alloc: 7,
  load__start: 8,
  load__done: 9,
  request__start: 10,
  request__done: 11,
  call__start: 12,
  call__done: 13,
  context__switch: 14,
  runtime__hooks: 15,
} as const;

/** Name of a probe. */
export type ProbeName = keyof typeof PROBES;

/** Name of a provider. */
export type ProviderName = 'polyprobe_node' | 'polyprobe_python' | 'polyprobe_ruby' | 'polyprobe_php';

/** Arguments of each probe, in the order in which they are fired. */
export interface ProbeArguments {
  /** A function starts, or goes on after a suspension. */
  function__entry: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** Class or module, qualified. */
    scope: string;
    /** Name of the function. */
    function: string;
    /** Path of the source file, the original one where there is a source map; '' for unknown. */
    file: string;
    /** Line of the definition, from 1; 0 for unknown. */
    line: bigint;
    /** 0 call; 1 resume of a generator, coroutine or fiber. */
    kind: bigint;
  };
  /** A function ends, or is suspended. */
  function__return: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** Class or module, qualified. */
    scope: string;
    /** Name of the function. */
    function: string;
    /** Path of the source file, the original one where there is a source map; '' for unknown. */
    file: string;
    /** Line of the definition, from 1; 0 for unknown. */
    line: bigint;
    /** 0 return; 1 suspend (it will be resumed); 2 unwind (an exception or an exit left it). */
    how: bigint;
  };
  /** A function written in C is called. Costly to follow: a probe of its own. */
  native__entry: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** Class or module, qualified. */
    scope: string;
    /** Name of the function. */
    function: string;
    /** Path of the caller's source file. */
    file: string;
    /** Line of the call; 0 for unknown. */
    line: bigint;
    /** 0 call; 1 resume of a generator, coroutine or fiber. */
    kind: bigint;
  };
  /** A function written in C ends. */
  native__return: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** Class or module, qualified. */
    scope: string;
    /** Name of the function. */
    function: string;
    /** Path of the caller's source file. */
    file: string;
    /** Line of the call; 0 for unknown. */
    line: bigint;
    /** 0 return; 1 suspend (it will be resumed); 2 unwind (an exception or an exit left it). */
    how: bigint;
  };
  /** An exception is thrown, also one that is caught later. */
  exception__thrown: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** Class of the exception, or type of the value. */
    class: string;
    /** Its message; '' for none. */
    message: string;
    /** Function that throws; '' for unknown. */
    function: string;
    /** Path of the source file, the original one where there is a source map; '' for unknown. */
    file: string;
    /** Line of the throw; 0 for unknown. */
    line: bigint;
  };
  /** The collector stops the program. */
  gc__start: {
    /** The runtime's own word: scavenge, mark-sweep, minor, major, … */
    kind: string;
    /** Oldest generation that is collected, from 0. */
    generation: bigint;
    /** Heap in use, in bytes; 0 for unknown. */
    heap_bytes: bigint;
  };
  /** The collector lets the program go on. */
  gc__done: {
    /** The runtime's own word: scavenge, mark-sweep, minor, major, … */
    kind: string;
    /** Oldest generation that is collected, from 0. */
    generation: bigint;
    /** Heap in use at the start; 0 for unknown. */
    heap_before_bytes: bigint;
    /** Heap in use now; 0 for unknown. */
    heap_after_bytes: bigint;
    /** From start to done, in nanoseconds. */
    duration_ns: bigint;
  };
  /** An object is allocated. */
  object__alloc: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** Class of the object. */
    class: string;
    /** Its size; 0 for unknown. */
    size_bytes: bigint;
    /** Path of the file that allocates. */
    file: string;
    /** Line of the allocation; 0 for unknown. */
    line: bigint;
  };
  /** A module or file starts to load. */
  load__start: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** As the program asked for it. */
    name: string;
    /** What it resolved to; '' when that isn't known yet. */
    file: string;
  };
  /** It is loaded, or could not be. */
  load__done: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** As the program asked for it. */
    name: string;
    /** What it resolved to; '' for nothing. */
    file: string;
    /** From start to done, in nanoseconds. */
    duration_ns: bigint;
    /** What went wrong, in the runtime's words; '' for nothing. */
    error: string;
  };
  /** A request has arrived and the program starts to serve it. */
  request__start: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** http/1.1, h2, fcgi, xml-rpc, … */
    protocol: string;
    /** GET, POST, …, or the RPC's method name. */
    method: string;
    /** Path without the query. */
    target: string;
    /** Client's address and port; '' for unknown. */
    peer: string;
    /** The W3C header as received (requests) or sent (calls); '' for none. */
    traceparent: string;
  };
  /** The response has been sent, or the request was given up. */
  request__done: {
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** The protocol's status; 0 when it ended without one. */
    status: bigint;
    /** Bytes sent, headers included where known. */
    sent_bytes: bigint;
    /** From start to done, in nanoseconds. */
    duration_ns: bigint;
    /** What went wrong, in the runtime's words; '' for nothing. */
    error: string;
  };
  /** The program calls a remote service. */
  call__start: {
    /** The outgoing call, unique on the host. */
    call_id: bigint;
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** http/1.1, h2, fcgi, xml-rpc, … */
    protocol: string;
    /** GET, POST, …, or the RPC's method name. */
    method: string;
    /** Scheme, host and path without the query. */
    target: string;
    /** The W3C header as received (requests) or sent (calls); '' for none. */
    traceparent: string;
  };
  /** The remote service has answered, or the call failed. */
  call__done: {
    /** The outgoing call, unique on the host. */
    call_id: bigint;
    /** The request being worked for, unique on the host; 0: none, or nobody asked for request tracking. */
    request_id: bigint;
    /** The protocol's status; 0 when it ended without one. */
    status: bigint;
    /** Bytes received, where known. */
    received_bytes: bigint;
    /** From start to done, in nanoseconds. */
    duration_ns: bigint;
    /** What went wrong, in the runtime's words; '' for nothing. */
    error: string;
  };
  /** The thread now works for another request, or on another stack. */
  context__switch: {
    /** Request until now; 0: none. */
    request_id_before: bigint;
    /** Request from now on; 0: none. */
    request_id: bigint;
    /** Call stack until now; 0: the thread's own. */
    stack_id_before: bigint;
    /** Call stack from now on; 0: the thread's own. */
    stack_id: bigint;
  };
  /** Hooks were switched on or off, on the thread that did it: a tracer can wait for it. */
  runtime__hooks: {
    /** Runtime and version. */
    runtime: string;
    /** Path of the main program. */
    program: string;
    /** Bit set of the probes now hooked, by their numbers. */
    hooked: bigint;
  };
}

/** Argument `kind`: 0 call; 1 resume of a generator, coroutine or fiber. */
export const KIND = { call: 0, resume: 1 } as const;

/** Argument `how`: 0 return; 1 suspend (it will be resumed); 2 unwind (an exception or an exit left it). */
export const HOW = { return: 0, suspend: 1, unwind: 2 } as const;
