/*
 * functions: what instrumented code calls while a tracer is there.
 *
 * providers/node/instrument writes `__pp_e?.(id)` and the like into functions. Each name is a property of the global object
 * that is `undefined` while nobody traces, which V8 folds to a constant, so that the guard costs no instruction.
 *
 *   __pp_e(id)             entry                                     returns a token
 *   __pp_r(id, token)      return
 *   __pp_x(id, token)      left by an exception
 *   __pp_s(id, token)      suspends (await, yield)
 *   __pp_m(id, token)      resumes                                   returns a new token
 *   __pp_c(id, token, e)   in a catch or finally                     returns the token, a new one if it was suspended
 *   __pp_c(id)             a module begins                   returns a token for its catch clauses
 *   __pp_c(id, token, e, 1)  in a catch outside of functions
 *   __pp_t(id, e, line)    throws e
 *
 * The shadow stack makes entries and returns pair: an exception leaves functions without a word, and the next one that
 * speaks (an outer function's catch or return, or the end of the turn) closes what is above it as unwound.
 */
#include "agent.h"

namespace polyprobe {

namespace {

enum {
  ENTRY,
  RETURN,
  EXIT,
  SUSPEND,
  RESUME,
  CATCH,
  THROW,
  CALLBACKS
};

const char *const GLOBAL_NAMES[CALLBACKS] = {"__pp_e", "__pp_r", "__pp_x", "__pp_s", "__pp_m", "__pp_c", "__pp_t"};

void fire_entry(Agent *agent, const FunctionName *function, uint64_t kind) {
  if (!POLYPROBE_ARMED(polyprobe_node_function__entry)) return;
  polyprobe_touch(function->scope, function->scope_length);
  polyprobe_touch(function->name, function->name_length);
  polyprobe_touch(function->file, function->file_length);
  polyprobe_node_function__entry(agent->request, function->scope, function->name, function->file, function->line, kind);
}

void fire_return(Agent *agent, const FunctionName *function, uint64_t how) {
  if (!POLYPROBE_ARMED(polyprobe_node_function__return)) return;
  polyprobe_touch(function->scope, function->scope_length);
  polyprobe_touch(function->name, function->name_length);
  polyprobe_touch(function->file, function->file_length);
  polyprobe_node_function__return(agent->request, function->scope, function->name, function->file, function->line, how);
}

using Info = v8::FunctionCallbackInfo<v8::Value>;

Agent *agent_of(const Info &info) { return static_cast<Agent *>(info.Data().As<v8::External>()->Value()); }

/* Anybody can call a property of the global object: what isn't ours is ignored. */
const FunctionName *function_of(const Info &info, uint32_t *id) {
  if (info.Length() < 1 || !info[0]->IsUint32()) return nullptr;
  *id = info[0].As<v8::Uint32>()->Value();
  return names_get(*id);
}

uint32_t token_of(const Info &info) {
  return info.Length() > 1 && info[1]->IsInt32() ? static_cast<uint32_t>(info[1].As<v8::Int32>()->Value()) : 0;
}

/* Serials wrap after 4 billion entries; order is kept as long as live frames lie within 2 billion. */
bool older(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }

/* Index of a frame by its token, or -1. Nearly always the top one. */
int find(const Agent *agent, uint32_t id, uint32_t token) {
  if (token == 0) return -1;
  for (size_t i = agent->stack.size(); i > 0; i--) {
    const Frame &frame = agent->stack[i - 1];
    if (frame.serial == token) return frame.id == id ? static_cast<int>(i - 1) : -1;
    if (older(frame.serial, token)) return -1;
  }
  return -1;
}

/* Ends the frames above an index, innermost first. */
void unwind_above(Agent *agent, int index) {
  while (static_cast<int>(agent->stack.size()) > index + 1) {
    const FunctionName *function = names_get(agent->stack.back().id);
    agent->stack.pop_back();
    if (function) fire_return(agent, function, POLYPROBE_HOW_UNWIND);
  }
}

/* A module isn't entered, so it has no frame: what it has called since is newer than its token. */
void unwind_since(Agent *agent, uint32_t token) {
  if (token == 0 || older(token, agent->session_serial)) return;
  auto index = static_cast<int>(agent->stack.size());
  while (index > 0 && !older(agent->stack[static_cast<size_t>(index - 1)].serial, token)) index--;
  unwind_above(agent, index - 1);
}

uint32_t push(Agent *agent, uint32_t id) {
  uint32_t serial = agent->next_serial++;
  if (agent->next_serial == 0) agent->next_serial = 1; /* 0 is "no token" */
  agent->stack.push_back({id, serial});
  return serial;
}

/* A token of this session that isn't on the stack belongs to a frame that is suspended. */
bool suspended(const Agent *agent, int index, uint32_t token) {
  return index < 0 && token != 0 && !older(token, agent->session_serial);
}

uint32_t resume(Agent *agent, const FunctionName *function, uint32_t id) {
  uint32_t token = push(agent, id);
  fire_entry(agent, function, POLYPROBE_KIND_RESUME);
  return token;
}

void leave(const Info &info, uint64_t how) {
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function) return;
  Agent *agent = agent_of(info);
  uint32_t token = token_of(info);
  int index = find(agent, id, token);
  if (suspended(agent, index, token)) {
    /* It was resumed without a word: a generator that is closed, the end of a for-await. */
    resume(agent, function, id);
    agent->stack.pop_back();
  } else if (index >= 0) {
    unwind_above(agent, index);
    agent->stack.pop_back();
  }
  /* Without a frame it was entered before the tracer came: it does return, and the tracer is told so. */
  fire_return(agent, function, how);
}

void on_entry(const Info &info) {
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function) return;
  Agent *agent = agent_of(info);
  /* A program that froze its global object while it was hooked goes on calling. */
  if (!(agent->hooked_natively & FUNCTION_PROBES)) return;
  uint32_t token = push(agent, id);
  fire_entry(agent, function, POLYPROBE_KIND_CALL);
  info.GetReturnValue().Set(static_cast<int32_t>(token));
}

void on_return(const Info &info) { leave(info, POLYPROBE_HOW_RETURN); }
void on_exit(const Info &info) { leave(info, POLYPROBE_HOW_UNWIND); }

/* May come twice in a row (for-await): only a frame that is on the stack is suspended. */
void on_suspend(const Info &info) {
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function) return;
  Agent *agent = agent_of(info);
  int index = find(agent, id, token_of(info));
  if (index < 0) return;
  unwind_above(agent, index);
  agent->stack.pop_back();
  fire_return(agent, function, POLYPROBE_HOW_SUSPEND);
}

/* May come twice in a row, too: a frame that is on the stack stays. */
void on_resume(const Info &info) {
  if (info.Length() > 1) info.GetReturnValue().Set(info[1]);
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function) return;
  Agent *agent = agent_of(info);
  if (find(agent, id, token_of(info)) < 0) info.GetReturnValue().Set(static_cast<int32_t>(resume(agent, function, id)));
}

void on_catch(const Info &info) {
  if (info.Length() > 1) info.GetReturnValue().Set(info[1]);
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function) return;
  Agent *agent = agent_of(info);
  if (info.Length() == 1) {
    info.GetReturnValue().Set(static_cast<int32_t>(agent->next_serial));
  } else if (info.Length() > 3) {
    unwind_since(agent, token_of(info));
  } else if (agent->hooked_natively & FUNCTION_PROBES) {
    uint32_t token = token_of(info);
    int index = find(agent, id, token);
    if (index >= 0) {
      unwind_above(agent, index);
    } else if (suspended(agent, index, token)) {
      /* A rejection or throw() resumes it here. */
      info.GetReturnValue().Set(static_cast<int32_t>(resume(agent, function, id)));
    }
  }
  if (info.Length() > 2) exceptions_seen(agent, function, info[2]);
}

void on_throw(const Info &info) {
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function || info.Length() < 2) return;
  uint32_t line = info.Length() > 2 && info[2]->IsUint32() ? info[2].As<v8::Uint32>()->Value() : 0;
  exceptions_thrown(agent_of(info), function, info[1], line);
}

const v8::FunctionCallback HANDLERS[CALLBACKS] = {on_entry,  on_return, on_exit, on_suspend,
                                                  on_resume, on_catch,  on_throw};

/* Which sets want which callback. */
bool wanted(int callback, ProbeSet probes) {
  switch (callback) {
    case THROW:
      return probes & EXCEPTION_PROBES;
    case CATCH:
      return probes & (FUNCTION_PROBES | EXCEPTION_PROBES);
    default:
      return probes & FUNCTION_PROBES;
  }
}

/*
 * Deleting first makes V8 start a new property cell, which it takes for a constant again: so the disabled cost comes back
 * after a detach. One deoptimisation each way.
 */
void define(Agent *agent, v8::Local<v8::Context> context, int callback, v8::Local<v8::Value> value) {
  v8::Local<v8::Object> global = context->Global();
  v8::Local<v8::String> name;
  if (!v8::String::NewFromUtf8(agent->isolate, GLOBAL_NAMES[callback], v8::NewStringType::kInternalized).ToLocal(&name))
    return;
  v8::TryCatch ignore(agent->isolate);
  drop(global->Delete(context, name));
  drop(global->DefineOwnProperty(context, name, value, v8::DontEnum));
}

/* The outermost call into JavaScript has ended: whatever is still open was left by an exception. */
void on_turn_end(v8::Isolate *) {
  Agent *agent = agent_current();
  if (agent && !agent->stack.empty()) functions_unwind(agent, 0);
}

} // namespace

void functions_unwind(Agent *agent, size_t depth) { unwind_above(agent, static_cast<int>(depth) - 1); }

void functions_define(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> parent) {
  for (int i = 0; i < CALLBACKS; i++) define(agent, context, i, v8::Undefined(agent->isolate));
  /*
   * A program may empty its global object: instrumented code still has to find the names. What the global object inherits
   * from is no place that programs clear.
   */
  if (!parent->IsObject() || parent->IsProxy()) return;
  constexpr auto FIXED = static_cast<v8::PropertyAttribute>(v8::DontEnum | v8::DontDelete | v8::ReadOnly);
  v8::TryCatch ignore(agent->isolate);
  for (const char *text : GLOBAL_NAMES) {
    v8::Local<v8::String> name;
    if (v8::String::NewFromUtf8(agent->isolate, text, v8::NewStringType::kInternalized).ToLocal(&name))
      drop(parent.As<v8::Object>()->DefineOwnProperty(context, name, v8::Undefined(agent->isolate), FIXED));
  }
}

void functions_hook(Agent *agent, v8::Local<v8::Context> context, ProbeSet before, ProbeSet now) {
  bool were = before & FUNCTION_PROBES, are = now & FUNCTION_PROBES;
  if (are && !were) {
    agent->session_serial = agent->next_serial;
    agent->stack.reserve(256);
    agent->isolate->AddCallCompletedCallback(on_turn_end);
  } else if (were && !are) {
    agent->isolate->RemoveCallCompletedCallback(on_turn_end);
    agent->stack.clear();
  }
  for (int i = 0; i < CALLBACKS; i++) {
    if (wanted(i, before) == wanted(i, now)) continue;
    if (!wanted(i, now)) {
      define(agent, context, i, v8::Undefined(agent->isolate));
      continue;
    }
    if (agent->callbacks[i].IsEmpty()) {
      v8::Local<v8::Function> made;
      if (!v8::Function::New(context, HANDLERS[i], v8::External::New(agent->isolate, agent), 0,
                             v8::ConstructorBehavior::kThrow)
               .ToLocal(&made))
        continue;
      agent->callbacks[i].Reset(agent->isolate, made);
    }
    define(agent, context, i, agent->callbacks[i].Get(agent->isolate));
  }
}

} // namespace polyprobe
