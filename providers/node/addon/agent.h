/*
 * agent: polyprobe in one isolate (the main thread's, or a worker's).
 *
 * Owns: the watch on the sites, what is hooked in this isolate, and the shadow stack of its open calls.
 * Who calls whom: the library's watcher (its thread) asks for an interrupt and wakes the loop; `agent_apply` then runs on
 * the isolate's own thread, between two instructions of JavaScript (interrupt) or between two turns (loop), and puts hooks
 * in or takes them out. The hooks (functions.cc, exceptions.cc, gc.cc) fire; nothing comes back.
 *
 * Everything but `handle` and `watch` belongs to the isolate's thread.
 */
#pragma once
#include <node.h>
#include <uv.h>
#include <v8.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "names.h"
#include "polyprobe.h"

namespace polyprobe {

struct Agent;

/** For results that V8 insists on and nothing depends on. */
template <typename Result>
inline void drop(Result &&) {}

/** What an interrupt carries: it may run after its agent is gone, so it asks here. Never freed (16 bytes an isolate). */
struct AgentHandle {
  std::atomic<Agent *> agent;
};

/** An open call: entered, not yet returned from. */
struct Frame {
  uint32_t id;     /* names.h */
  uint32_t serial; /* in the order of entry; the token that the code of a lasting function holds */
};

/** A callback that is running (context.cc), within which others may run. */
struct Scope {
  double async_id; /* Node's number for its resource; 0: a promise's job */
  uint64_t outer;  /* the request around it */
  size_t depth;    /* the open calls around it */
};

/** What one of Node's asynchronous resources works for (context.cc). */
struct Resource {
  uint64_t request = 0;
  bool is_message = false;       /* object is what a parser reads, and it counts until it has been read */
  v8::Global<v8::Object> object; /* weak: the entry means nothing without it */
};

/** Following requests through asynchronous work (context.cc): empty while nobody asks for it. */
struct Following {
  bool on = false;
  bool shared = false; /* the program has async hooks as well */
  std::vector<Scope> scopes;
  std::unordered_map<double, Resource> resources; /* by Node's numbers, which are never used twice */
  size_t sweep_at = 1024;
  v8::Global<v8::Private> key; /* of the property of promises */
};

/** A request or a call whose start was told (fire.cc). */
struct Exchange {
  uint64_t started; /* uv_hrtime */
  uint64_t request; /* that a call is made for */
  bool is_call;
};

/** A set of probes, a bit each by enum polyprobe_probe. */
using ProbeSet = uint64_t;

constexpr ProbeSet probe_bit(polyprobe_probe probe) { return ProbeSet{1} << probe; }

/** Probes that need code in the isolate which may be put there at any instruction. */
constexpr ProbeSet FUNCTION_PROBES =
    probe_bit(POLYPROBE_PROBE_FUNCTION__ENTRY) | probe_bit(POLYPROBE_PROBE_FUNCTION__RETURN);
constexpr ProbeSet EXCEPTION_PROBES = probe_bit(POLYPROBE_PROBE_EXCEPTION__THROWN);
constexpr ProbeSet GC_PROBES = probe_bit(POLYPROBE_PROBE_GC__START) | probe_bit(POLYPROBE_PROBE_GC__DONE);
constexpr ProbeSet NATIVE_PROBES = FUNCTION_PROBES | EXCEPTION_PROBES | GC_PROBES;

/** Who wants to hear of promises, in the order in which they hear. */
enum PromiseUser {
  PROMISES_REJECTED,
  PROMISES_FOLLOWED,
  PROMISE_USERS
};

struct Agent {
  AgentHandle *handle = nullptr;
  v8::Isolate *isolate = nullptr;
  v8::Global<v8::Context> context;
  node::Environment *environment = nullptr;
  uv_async_t *async = nullptr;
  polyprobe_watch *watch = nullptr;
  /** Told of the set that is wanted, on the loop: hooks that are written in JavaScript. */
  v8::Global<v8::Function> toggle;
  std::string runtime; /* for runtime__hooks */
  std::string program;
  ProbeSet hooked = 0;          /* all, for runtime__hooks */
  ProbeSet hooked_natively = 0; /* of NATIVE_PROBES */

  /* functions.cc */
  std::vector<Frame> stack;
  uint32_t next_serial = 1;
  uint32_t session_serial = 1; /* first serial since the hooks went in: older tokens mean nothing */
  uint64_t request = 0;        /* what the isolate works for; 0: nothing or unknown */
  Following following;         /* context.cc */
  v8::Global<v8::Function> callbacks[6];
  v8::Global<v8::Value> nobody;                 /* what __pp_e is while nobody traces */
  std::vector<v8::Global<v8::Function>> leaves; /* what entries give, by depth; of this session */
  uint32_t session = 1;

  /* fire.cc */
  std::unordered_map<uint64_t, Exchange> exchanges; /* that are open, by id */

  /* exceptions.cc */
  v8::Global<v8::Private> thrown_key;
  static constexpr int TOLD = 32;
  v8::Global<v8::Value> told[TOLD]; /* values that are no objects, as far as they haven't been caught */
  int told_last = 0;
  bool just_thrown = false; /* the last of them, by a throw statement, and nothing was told since */

  /* promises.cc */
  v8::PromiseHook promise_hooks[PROMISE_USERS] = {};

  /* rejections.cc */
  v8::Global<v8::Promise> resolving; /* on its way to be resolved or rejected */
  bool resolving_in_own_job = false;
  bool resolving_first_in_job = false;
  v8::Global<v8::Promise> job; /* whose reaction runs */
  bool job_begins = false;

  /* uncaught.cc: what V8 says of the exception that is on its way to the process */
  v8::Global<v8::Message> uncaught_message;
  v8::Global<v8::Value> uncaught_error;
  v8::Global<v8::Function> original_place; /* by source maps */

  /* wrap.cc: passes call sites on their way to a stack trace */
  v8::Global<v8::Function> stack_sites;

  /* gc.cc */
  struct {
    uint64_t start_ns;
    uint64_t heap_bytes;
    bool is_told;
  } collection[5] = {};
};

/** The agent of an isolate's thread, for callbacks that V8 gives no data. */
Agent *agent_current();

/** Reads the sites and puts hooks in or out. On the isolate's thread. @param in_loop JavaScript may be called */
void agent_apply(Agent *agent, bool in_loop);

/* functions.cc */
/** Puts the callbacks that instrumented code asks for on the global object, or `undefined`. */
void functions_hook(Agent *agent, v8::Local<v8::Context> context, ProbeSet before, ProbeSet now);
/** Ends open calls as unwound, but for the outermost `depth`: nothing of them is on the stack any more. */
void functions_unwind(Agent *agent, size_t depth);
/**
 * Defines the names once, as for nobody.
 * @param parent what the global object inherits from, as JavaScript sees it
 * @param nobody what __pp_e is while nobody traces: an empty, frozen object
 */
void functions_define(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> parent,
                      v8::Local<v8::Value> nobody);

/* exceptions.cc */
/** A throw statement: fires, and remembers the value until it is caught. @param line 0: the current one */
void exceptions_thrown(Agent *agent, const FunctionName *function, v8::Local<v8::Value> value, uint32_t line);
/** A value arrived at a catch clause or at the process: fires unless it has already. */
void exceptions_seen(Agent *agent, const FunctionName *function, v8::Local<v8::Value> value);
/**
 * A promise was rejected: fires unless the value has already.
 * @param is_passed_on by the promise's own reaction, which told it before if it isn't an object
 * @param may_be_passed_on if it has been told lately
 */
void exceptions_rejected(Agent *agent, v8::Local<v8::Value> value, bool is_passed_on, bool may_be_passed_on);

/* promises.cc */
/** Lets one of the users hear of promises; V8 has one hook for all. @param hook NULL: no longer */
void promises_hook(Agent *agent, PromiseUser user, v8::PromiseHook hook);

/* rejections.cc */
void rejections_hook(Agent *agent, ProbeSet before, ProbeSet now);
/** Tells of a promise that has been rejected meanwhile. */
void rejections_look(Agent *agent);

/* gc.cc */
void gc_hook(Agent *agent, ProbeSet before, ProbeSet now);

} // namespace polyprobe
