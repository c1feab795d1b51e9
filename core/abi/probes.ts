/**
 * The probe ABI: what every provider fires, with which arguments, in which order. Data only.
 *
 * A probe's place in `probes` is its number: providers, `runtime__hooks` and the watcher's bit sets use it. Append at the
 * end; never reorder, rename or change arguments of what a released version has (`check.ts` compares with `released/`).
 * After a change: `npm run generate`.
 */
import type { Abi, Argument, Probe, Service } from './types.js';

const yes = (how: string): Service => ({ served: 'yes', how });
const planned = (how: string): Service => ({ served: 'planned', how });
const no = (how: string): Service => ({ served: 'no', how });

/** The languages, in the order of the docs table. A new one is an entry here and one in `core/runtimes/`. */
export const languages = [
  { id: 'node', provider: 'polyprobe_node', title: 'Node.js' },
  { id: 'python', provider: 'polyprobe_python', title: 'Python' },
  { id: 'ruby', provider: 'polyprobe_ruby', title: 'Ruby' },
  { id: 'php', provider: 'polyprobe_php', title: 'PHP' },
] as const;

type LanguageId = (typeof languages)[number]['id'];

const requestId: Argument = {
  name: 'request_id',
  type: 'u64',
  meaning: 'The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.',
};
const scope: Argument = {
  name: 'scope',
  type: 'string',
  meaning: 'Class or module, qualified.',
};
const functionName: Argument = {
  name: 'function',
  type: 'string',
  meaning: 'Name of the function.',
};
const file: Argument = {
  name: 'file',
  type: 'string',
  meaning: "Path of the source file, the original one where there is a source map; '' for unknown.",
};
const line: Argument = {
  name: 'line',
  type: 'u64',
  meaning: 'Line of the definition, from 1; 0 for unknown.',
};
const callersFile: Argument = { ...file, meaning: "Path of the caller's source file." };
const callersLine: Argument = { ...line, meaning: 'Line of the call; 0 for unknown.' };
const kind: Argument = {
  name: 'kind',
  type: 'u64',
  meaning: '0 call; 1 resume of a generator, coroutine or fiber.',
  values: { call: 0, resume: 1 },
};
const how: Argument = {
  name: 'how',
  type: 'u64',
  meaning: '0 return; 1 suspend (it will be resumed); 2 unwind (an exception or an exit left it).',
  values: { return: 0, suspend: 1, unwind: 2 },
};
const durationNs: Argument = {
  name: 'duration_ns',
  type: 'u64',
  meaning: 'From start to done, in nanoseconds.',
};
const error: Argument = {
  name: 'error',
  type: 'string',
  meaning: "What went wrong, in the runtime's words; '' for nothing.",
};
const gcKind: Argument = {
  name: 'kind',
  type: 'string',
  meaning: "The runtime's own word: scavenge, mark-sweep, minor, major, …",
};
const generation: Argument = {
  name: 'generation',
  type: 'u64',
  meaning: 'Oldest generation that is collected, from 0.',
};

const functionProbe = (
  name: string,
  meaning: string,
  last: Argument,
  services: Readonly<Record<LanguageId, Service>>,
): Probe<LanguageId> => ({
  name,
  since: '1.0',
  stability: 'stable',
  meaning,
  args: [requestId, scope, functionName, file, line, last],
  runtimes: services,
});

const functions = {
  node: yes('functions of instrumented files'),
  python: planned('functions, methods, generators, coroutines'),
  ruby: planned('methods and blocks defined as methods'),
  php: planned('functions, methods, closures, generators'),
};
const natives = {
  node: no('V8 has no hook for builtins'),
  python: planned('builtin functions and methods'),
  ruby: planned('methods written in C'),
  php: planned('internal functions'),
};
const nativeArgs = [requestId, scope, functionName, callersFile, callersLine] as const;
const collections = {
  node: yes("V8's collector, per isolate, workers included"),
  python: planned('the cyclic collector'),
  ruby: planned('minor and major collections'),
  php: planned('the cycle collector'),
};
const loads = {
  node: yes('require and import'),
  python: planned('import'),
  ruby: planned('require and load'),
  php: planned('include, require, compile'),
};
const requests = {
  node: yes('http, https and http2 servers; XML-RPC'),
  python: planned('WSGI, ASGI, http.server, xmlrpc.server'),
  ruby: planned('Rack on puma, unicorn, webrick; xmlrpc'),
  php: planned('every SAPI; xmlrpc'),
};
const calls = {
  node: yes('http, https, http2, fetch and undici; XML-RPC'),
  python: planned('http.client, urllib, requests, xmlrpc'),
  ruby: planned('Net::HTTP, xmlrpc'),
  php: planned('curl, http streams, SOAP and XML-RPC on top'),
};

const callId: Argument = {
  name: 'call_id',
  type: 'u64',
  meaning: 'The outgoing call, unique on the host.',
};
const protocol: Argument = {
  name: 'protocol',
  type: 'string',
  meaning: 'http/1.1, h2, fcgi, xml-rpc, …',
};
const method: Argument = {
  name: 'method',
  type: 'string',
  meaning: "GET, POST, …, or the RPC's method name.",
};
const traceparent: Argument = {
  name: 'traceparent',
  type: 'string',
  meaning: "The W3C header as received (requests) or sent (calls); '' for none.",
};
const status: Argument = {
  name: 'status',
  type: 'u64',
  meaning: "The protocol's status; 0 when it ended without one.",
};

/** The probes, in the order that gives them their numbers. */
export const probes: readonly Probe<LanguageId>[] = [
  functionProbe('function__entry', 'A function starts, or goes on after a suspension.', kind, functions),
  functionProbe('function__return', 'A function ends, or is suspended.', how, functions),
  {
    name: 'native__entry',
    since: '1.0',
    stability: 'stable',
    meaning: 'A function written in C is called. Costly to follow: a probe of its own.',
    args: [...nativeArgs, kind],
    runtimes: natives,
  },
  {
    name: 'native__return',
    since: '1.0',
    stability: 'stable',
    meaning: 'A function written in C ends.',
    args: [...nativeArgs, how],
    runtimes: natives,
  },
  {
    name: 'exception__thrown',
    since: '1.0',
    stability: 'stable',
    meaning: 'An exception is thrown, also one that is caught later.',
    args: [
      requestId,
      { name: 'class', type: 'string', meaning: 'Class of the exception, or type of the value.' },
      { name: 'message', type: 'string', meaning: "Its message; '' for none." },
      { ...functionName, meaning: "Function that throws; '' for unknown." },
      file,
      { ...line, meaning: 'Line of the throw; 0 for unknown.' },
    ],
    runtimes: {
      node: yes(
        'throw in instrumented files; rejections; others where a catch of such files, or the process, sees them',
      ),
      python: planned('raise'),
      ruby: planned('raise'),
      php: planned('throw and errors'),
    },
  },
  {
    name: 'gc__start',
    since: '1.0',
    stability: 'stable',
    meaning: 'The collector stops the program.',
    args: [gcKind, generation, { name: 'heap_bytes', type: 'u64', meaning: 'Heap in use, in bytes; 0 for unknown.' }],
    runtimes: collections,
  },
  {
    name: 'gc__done',
    since: '1.0',
    stability: 'stable',
    meaning: 'The collector lets the program go on.',
    args: [
      gcKind,
      generation,
      { name: 'heap_before_bytes', type: 'u64', meaning: 'Heap in use at the start; 0 for unknown.' },
      { name: 'heap_after_bytes', type: 'u64', meaning: 'Heap in use now; 0 for unknown.' },
      durationNs,
    ],
    runtimes: collections,
  },
  {
    name: 'object__alloc',
    since: '1.0',
    stability: 'stable',
    meaning: 'An object is allocated.',
    args: [
      requestId,
      { name: 'class', type: 'string', meaning: 'Class of the object.' },
      { name: 'size_bytes', type: 'u64', meaning: 'Its size; 0 for unknown.' },
      { ...file, meaning: 'Path of the file that allocates.' },
      { ...line, meaning: 'Line of the allocation; 0 for unknown.' },
    ],
    runtimes: {
      node: no('V8 tells allocations only to its sampling profiler'),
      python: no('no hook without a debug allocator'),
      ruby: planned('every object'),
      php: no('no hook in the engine'),
    },
  },
  {
    name: 'load__start',
    since: '1.0',
    stability: 'stable',
    meaning: 'A module or file starts to load.',
    args: [
      requestId,
      { name: 'name', type: 'string', meaning: 'As the program asked for it.' },
      { ...file, meaning: "What it resolved to; '' when that isn't known yet." },
    ],
    runtimes: loads,
  },
  {
    name: 'load__done',
    since: '1.0',
    stability: 'stable',
    meaning: 'It is loaded, or could not be.',
    args: [
      requestId,
      { name: 'name', type: 'string', meaning: 'As the program asked for it.' },
      { ...file, meaning: "What it resolved to; '' for nothing." },
      durationNs,
      error,
    ],
    runtimes: loads,
  },
  {
    name: 'request__start',
    since: '1.0',
    stability: 'stable',
    meaning: 'A request has arrived and the program starts to serve it.',
    args: [
      requestId,
      protocol,
      method,
      { name: 'target', type: 'string', meaning: 'Path without the query.' },
      { name: 'peer', type: 'string', meaning: "Client's address and port; '' for unknown." },
      traceparent,
    ],
    runtimes: requests,
  },
  {
    name: 'request__done',
    since: '1.0',
    stability: 'stable',
    meaning: 'The response has been sent, or the request was given up.',
    args: [
      requestId,
      status,
      { name: 'sent_bytes', type: 'u64', meaning: 'Bytes sent, headers included where known.' },
      durationNs,
      error,
    ],
    runtimes: requests,
  },
  {
    name: 'call__start',
    since: '1.0',
    stability: 'stable',
    meaning: 'The program calls a remote service.',
    args: [
      callId,
      requestId,
      protocol,
      method,
      { name: 'target', type: 'string', meaning: 'Scheme, host and path without the query.' },
      traceparent,
    ],
    runtimes: calls,
  },
  {
    name: 'call__done',
    since: '1.0',
    stability: 'stable',
    meaning: 'The remote service has answered, or the call failed.',
    args: [
      callId,
      requestId,
      status,
      { name: 'received_bytes', type: 'u64', meaning: 'Bytes received, where known.' },
      durationNs,
      error,
    ],
    runtimes: calls,
  },
  {
    name: 'context__switch',
    since: '1.0',
    stability: 'stable',
    meaning: 'The thread now works for another request, or on another stack.',
    args: [
      { ...requestId, name: 'request_id_before', meaning: 'Request until now; 0: none.' },
      { ...requestId, name: 'request_id', meaning: 'Request from now on; 0: none.' },
      { name: 'stack_id_before', type: 'u64', meaning: "Call stack until now; 0: the thread's own." },
      { name: 'stack_id', type: 'u64', meaning: "Call stack from now on; 0: the thread's own." },
    ],
    runtimes: {
      node: yes('async contexts'),
      python: planned('threads, asyncio'),
      ruby: planned('threads, fibers'),
      php: planned('requests, fibers'),
    },
  },
  {
    name: 'runtime__hooks',
    since: '1.0',
    stability: 'stable',
    meaning: 'Hooks were switched on or off, on the thread that did it: a tracer can wait for it.',
    args: [
      { name: 'runtime', type: 'string', meaning: 'Runtime and version.' },
      { name: 'program', type: 'string', meaning: 'Path of the main program.' },
      { name: 'hooked', type: 'u64', meaning: 'Bit set of the probes now hooked, by their numbers.' },
    ],
    runtimes: {
      node: yes('each isolate'),
      python: planned('each interpreter'),
      ruby: planned('each process'),
      php: planned('each process or thread'),
    },
  },
];

/** The ABI of this tree. */
export const abi: Abi = { version: { major: 1, minor: 0 }, languages, probes };
