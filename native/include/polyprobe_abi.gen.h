/* The probe ABI in C: numbers, values and one function for each probe of each provider.
 * Generated from core/abi/probes.ts by `npm run generate`; do not edit.
 */
#ifndef POLYPROBE_ABI_GEN_H
#define POLYPROBE_ABI_GEN_H

#ifndef POLYPROBE_SUPPORTED
#error "include polyprobe.h"
#endif

#define POLYPROBE_ABI_MAJOR 1
#define POLYPROBE_ABI_MINOR 0

/** Number of a probe: its bit in the sets of the watcher and of runtime__hooks. */
enum polyprobe_probe {
  POLYPROBE_PROBE_FUNCTION__ENTRY = 0,
  POLYPROBE_PROBE_FUNCTION__RETURN = 1,
  POLYPROBE_PROBE_NATIVE__ENTRY = 2,
  POLYPROBE_PROBE_NATIVE__RETURN = 3,
  POLYPROBE_PROBE_EXCEPTION__THROWN = 4,
  POLYPROBE_PROBE_GC__START = 5,
  POLYPROBE_PROBE_GC__DONE = 6,
  POLYPROBE_PROBE_OBJECT__ALLOC = 7,
  POLYPROBE_PROBE_LOAD__START = 8,
  POLYPROBE_PROBE_LOAD__DONE = 9,
  POLYPROBE_PROBE_REQUEST__START = 10,
  POLYPROBE_PROBE_REQUEST__DONE = 11,
  POLYPROBE_PROBE_CALL__START = 12,
  POLYPROBE_PROBE_CALL__DONE = 13,
  POLYPROBE_PROBE_CONTEXT__SWITCH = 14,
  POLYPROBE_PROBE_RUNTIME__HOOKS = 15,
  POLYPROBE_PROBE_COUNT = 16
};

/** Number of a provider. */
enum polyprobe_provider {
  POLYPROBE_PROVIDER_NODE = 0,
  POLYPROBE_PROVIDER_PYTHON = 1,
  POLYPROBE_PROVIDER_RUBY = 2,
  POLYPROBE_PROVIDER_PHP = 3,
  POLYPROBE_PROVIDER_COUNT = 4
};

/** Argument `kind`: 0 call; 1 resume of a generator, coroutine or fiber. */
#define POLYPROBE_KIND_CALL 0
#define POLYPROBE_KIND_RESUME 1

/** Argument `how`: 0 return; 1 suspend (it will be resumed); 2 unwind (an exception or an exit left it). */
#define POLYPROBE_HOW_RETURN 0
#define POLYPROBE_HOW_SUSPEND 1
#define POLYPROBE_HOW_UNWIND 2

#ifdef __cplusplus
extern "C" {
#endif

#if POLYPROBE_SUPPORTED

/**
 * A function starts, or goes on after a suspension.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param scope Class or module, qualified.
 * @param function Name of the function.
 * @param file Path of the source file, the original one where there is a source map; '' for unknown.
 * @param line Line of the definition, from 1; 0 for unknown.
 * @param kind 0 call; 1 resume of a generator, coroutine or fiber.
 */
POLYPROBE_STUB void polyprobe_node_function__entry(uint64_t request_id, const char *scope, const char *function, const char *file, uint64_t line, uint64_t kind);

/**
 * A function ends, or is suspended.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param scope Class or module, qualified.
 * @param function Name of the function.
 * @param file Path of the source file, the original one where there is a source map; '' for unknown.
 * @param line Line of the definition, from 1; 0 for unknown.
 * @param how 0 return; 1 suspend (it will be resumed); 2 unwind (an exception or an exit left it).
 */
POLYPROBE_STUB void polyprobe_node_function__return(uint64_t request_id, const char *scope, const char *function, const char *file, uint64_t line, uint64_t how);

/**
 * An exception is thrown, also one that is caught later.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param class_ Class of the exception, or type of the value.
 * @param message Its message; '' for none.
 * @param function Function that throws; '' for unknown.
 * @param file Path of the source file, the original one where there is a source map; '' for unknown.
 * @param line Line of the throw; 0 for unknown.
 */
POLYPROBE_STUB void polyprobe_node_exception__thrown(uint64_t request_id, const char *class_, const char *message, const char *function, const char *file, uint64_t line);

/**
 * The collector stops the program.
 * @param kind The runtime's own word: scavenge, mark-sweep, minor, major, …
 * @param generation Oldest generation that is collected, from 0.
 * @param heap_bytes Heap in use, in bytes; 0 for unknown.
 */
POLYPROBE_STUB void polyprobe_node_gc__start(const char *kind, uint64_t generation, uint64_t heap_bytes);

/**
 * The collector lets the program go on.
 * @param kind The runtime's own word: scavenge, mark-sweep, minor, major, …
 * @param generation Oldest generation that is collected, from 0.
 * @param heap_before_bytes Heap in use at the start; 0 for unknown.
 * @param heap_after_bytes Heap in use now; 0 for unknown.
 * @param duration_ns From start to done, in nanoseconds.
 */
POLYPROBE_STUB void polyprobe_node_gc__done(const char *kind, uint64_t generation, uint64_t heap_before_bytes, uint64_t heap_after_bytes, uint64_t duration_ns);

/**
 * A module or file starts to load.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param name As the program asked for it.
 * @param file What it resolved to; '' when that isn't known yet.
 */
POLYPROBE_STUB void polyprobe_node_load__start(uint64_t request_id, const char *name, const char *file);

/**
 * It is loaded, or could not be.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param name As the program asked for it.
 * @param file What it resolved to; '' for nothing.
 * @param duration_ns From start to done, in nanoseconds.
 * @param error What went wrong, in the runtime's words; '' for nothing.
 */
POLYPROBE_STUB void polyprobe_node_load__done(uint64_t request_id, const char *name, const char *file, uint64_t duration_ns, const char *error);

/**
 * A request has arrived and the program starts to serve it.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param protocol http/1.1, h2, fcgi, xml-rpc, …
 * @param method GET, POST, …, or the RPC's method name.
 * @param target Path without the query.
 * @param peer Client's address and port; '' for unknown.
 * @param traceparent The W3C header as received (requests) or sent (calls); '' for none.
 */
POLYPROBE_STUB void polyprobe_node_request__start(uint64_t request_id, const char *protocol, const char *method, const char *target, const char *peer, const char *traceparent);

/**
 * The response has been sent, or the request was given up.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param status The protocol's status; 0 when it ended without one.
 * @param sent_bytes Bytes sent, headers included where known.
 * @param duration_ns From start to done, in nanoseconds.
 * @param error What went wrong, in the runtime's words; '' for nothing.
 */
POLYPROBE_STUB void polyprobe_node_request__done(uint64_t request_id, uint64_t status, uint64_t sent_bytes, uint64_t duration_ns, const char *error);

/**
 * The program calls a remote service.
 * @param call_id The outgoing call, unique on the host.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param protocol http/1.1, h2, fcgi, xml-rpc, …
 * @param method GET, POST, …, or the RPC's method name.
 * @param target Scheme, host and path without the query.
 * @param traceparent The W3C header as received (requests) or sent (calls); '' for none.
 */
POLYPROBE_STUB void polyprobe_node_call__start(uint64_t call_id, uint64_t request_id, const char *protocol, const char *method, const char *target, const char *traceparent);

/**
 * The remote service has answered, or the call failed.
 * @param call_id The outgoing call, unique on the host.
 * @param request_id The request being worked for, unique on the host; 0: none, or nobody asked for request tracking.
 * @param status The protocol's status; 0 when it ended without one.
 * @param received_bytes Bytes received, where known.
 * @param duration_ns From start to done, in nanoseconds.
 * @param error What went wrong, in the runtime's words; '' for nothing.
 */
POLYPROBE_STUB void polyprobe_node_call__done(uint64_t call_id, uint64_t request_id, uint64_t status, uint64_t received_bytes, uint64_t duration_ns, const char *error);

/**
 * The thread now works for another request, or on another stack.
 * @param request_id_before Request until now; 0: none.
 * @param request_id Request from now on; 0: none.
 * @param stack_id_before Call stack until now; 0: the thread's own.
 * @param stack_id Call stack from now on; 0: the thread's own.
 */
POLYPROBE_STUB void polyprobe_node_context__switch(uint64_t request_id_before, uint64_t request_id, uint64_t stack_id_before, uint64_t stack_id);

/**
 * Hooks were switched on or off, on the thread that did it: a tracer can wait for it.
 * @param runtime Runtime and version.
 * @param program Path of the main program.
 * @param hooked Bit set of the probes now hooked, by their numbers.
 */
POLYPROBE_STUB void polyprobe_node_runtime__hooks(const char *runtime, const char *program, uint64_t hooked);

#else

static inline void polyprobe_node_function__entry(uint64_t request_id, const char *scope, const char *function, const char *file, uint64_t line, uint64_t kind) {
  (void)request_id;
  (void)scope;
  (void)function;
  (void)file;
  (void)line;
  (void)kind;
}
static inline void polyprobe_node_function__return(uint64_t request_id, const char *scope, const char *function, const char *file, uint64_t line, uint64_t how) {
  (void)request_id;
  (void)scope;
  (void)function;
  (void)file;
  (void)line;
  (void)how;
}
static inline void polyprobe_node_exception__thrown(uint64_t request_id, const char *class_, const char *message, const char *function, const char *file, uint64_t line) {
  (void)request_id;
  (void)class_;
  (void)message;
  (void)function;
  (void)file;
  (void)line;
}
static inline void polyprobe_node_gc__start(const char *kind, uint64_t generation, uint64_t heap_bytes) {
  (void)kind;
  (void)generation;
  (void)heap_bytes;
}
static inline void polyprobe_node_gc__done(const char *kind, uint64_t generation, uint64_t heap_before_bytes, uint64_t heap_after_bytes, uint64_t duration_ns) {
  (void)kind;
  (void)generation;
  (void)heap_before_bytes;
  (void)heap_after_bytes;
  (void)duration_ns;
}
static inline void polyprobe_node_load__start(uint64_t request_id, const char *name, const char *file) {
  (void)request_id;
  (void)name;
  (void)file;
}
static inline void polyprobe_node_load__done(uint64_t request_id, const char *name, const char *file, uint64_t duration_ns, const char *error) {
  (void)request_id;
  (void)name;
  (void)file;
  (void)duration_ns;
  (void)error;
}
static inline void polyprobe_node_request__start(uint64_t request_id, const char *protocol, const char *method, const char *target, const char *peer, const char *traceparent) {
  (void)request_id;
  (void)protocol;
  (void)method;
  (void)target;
  (void)peer;
  (void)traceparent;
}
static inline void polyprobe_node_request__done(uint64_t request_id, uint64_t status, uint64_t sent_bytes, uint64_t duration_ns, const char *error) {
  (void)request_id;
  (void)status;
  (void)sent_bytes;
  (void)duration_ns;
  (void)error;
}
static inline void polyprobe_node_call__start(uint64_t call_id, uint64_t request_id, const char *protocol, const char *method, const char *target, const char *traceparent) {
  (void)call_id;
  (void)request_id;
  (void)protocol;
  (void)method;
  (void)target;
  (void)traceparent;
}
static inline void polyprobe_node_call__done(uint64_t call_id, uint64_t request_id, uint64_t status, uint64_t received_bytes, uint64_t duration_ns, const char *error) {
  (void)call_id;
  (void)request_id;
  (void)status;
  (void)received_bytes;
  (void)duration_ns;
  (void)error;
}
static inline void polyprobe_node_context__switch(uint64_t request_id_before, uint64_t request_id, uint64_t stack_id_before, uint64_t stack_id) {
  (void)request_id_before;
  (void)request_id;
  (void)stack_id_before;
  (void)stack_id;
}
static inline void polyprobe_node_runtime__hooks(const char *runtime, const char *program, uint64_t hooked) {
  (void)runtime;
  (void)program;
  (void)hooked;
}

#endif

#ifdef __cplusplus
}
#endif

#endif
