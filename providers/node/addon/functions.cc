/*
 * functions: what instrumented code calls while a tracer is there.
 *
 * providers/node/instrument writes `__pp_e.f000017` and the like into functions. The names are properties of the global object
 * that never change while nobody traces, which V8 folds to constants, so that they cost no instruction.
 *
 *   __pp_e.fN              entry                                     gives a function, to be called at the return
 *   __pp_e.gN              entry of a lasting function               gives a number, its token
 *   __pp_r(id, token)      return                                    of lasting functions, and so on:
 *   __pp_x(id, token)      left by an exception
 *   __pp_s(id, token)      suspends (await, yield)
 *   __pp_m(id, token)      resumes                                   returns a new token
 *   __pp_c(id, token, e)   in a catch or finally, of any function    returns the token, a new one if it was suspended
 *   __pp_c(id)             a module begins                           returns a token for its catch clauses
 *   __pp_c(id, token, e, 1)  in a catch outside of functions
 *   __pp_t(id, e, line)    throws e, any function
 *
 * `__pp_e` is an empty object while nobody traces, and one with a getter for each function that was entered while
 * somebody does. The functions that entries give are one for each depth of the shadow stack.
 *
 * The shadow stack makes entries and returns pair: an exception leaves functions without a word, and the next one that
 * speaks (an outer function's catch or return, or the end of the turn) closes what is above it as unwound. What was
 * entered before the tracer came isn't told when it returns.
 */
#include <algorithm>
#include <cctype>

#include "agent.h"

namespace polyprobe {

namespace {

enum {
  RETURN,
  EXIT,
  SUSPEND,
  RESUME,
  CATCH,
  THROW,
  CALLBACKS
};

constexpr const char *ENTRIES = "__pp_e";
const char *const GLOBAL_NAMES[CALLBACKS] = {"__pp_r", "__pp_x", "__pp_s", "__pp_m", "__pp_c", "__pp_t"};

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

/* Index of a lasting function's frame by its token, or -1. Nearly always the top one. */
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

/* A lasting function is over. */
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
  } else {
    return;
  }
  fire_return(agent, function, how);
}

/* Deeper than this, functions share the last way to leave. */
constexpr uint32_t DEPTHS = 1 << 16;
/* Sessions are told apart modulo this: what an entry gave in an earlier one may be called in the present one. */
constexpr uint32_t SESSIONS = 1 << 14;

/*
 * What an entry gave is called: the frame at this depth returns. One that was entered in an earlier session isn't on the
 * stack, and everything that is was called by it.
 */
void on_leave(const Info &info) {
  Agent *agent = agent_current();
  if (!agent || !info.Data()->IsUint32()) return;
  uint32_t place = info.Data().As<v8::Uint32>()->Value();
  int index = static_cast<int>(place % DEPTHS), size = static_cast<int>(agent->stack.size());
  if (place / DEPTHS != agent->session) return unwind_above(agent, -1);
  if (index == DEPTHS - 1) index = size - 1;
  if (index < 0 || index >= size) return;
  unwind_above(agent, index);
  const FunctionName *function = names_get(agent->stack.back().id);
  agent->stack.pop_back();
  if (function) fire_return(agent, function, POLYPROBE_HOW_RETURN);
}

/* What the frame on top of the stack is to call when it returns. */
v8::Local<v8::Value> leaving(Agent *agent) {
  auto depth = static_cast<uint32_t>(agent->stack.size() - 1);
  if (depth >= DEPTHS) depth = DEPTHS - 1;
  if (depth >= agent->leaves.size()) agent->leaves.resize(depth + 1);
  v8::Global<v8::Function> &kept = agent->leaves[depth];
  if (kept.IsEmpty()) {
    v8::Local<v8::Function> made;
    v8::Local<v8::Value> place = v8::Integer::NewFromUnsigned(agent->isolate, agent->session * DEPTHS + depth);
    if (!v8::Function::New(agent->isolate->GetCurrentContext(), on_leave, place, 0, v8::ConstructorBehavior::kThrow)
             .ToLocal(&made))
      return v8::Undefined(agent->isolate);
    kept.Reset(agent->isolate, made);
  }
  return kept.Get(agent->isolate);
}

/* Index of the frame that holds what `leaving` gave, size of the stack if it is no longer there, -1 if it never was. */
int depth_of(const Agent *agent, v8::Local<v8::Value> token) {
  int size = static_cast<int>(agent->stack.size());
  for (int i = std::min(size, static_cast<int>(agent->leaves.size())) - 1; i >= 0; i--)
    if (agent->leaves[static_cast<size_t>(i)] == token) return i == DEPTHS - 1 ? size - 1 : i;
  for (size_t i = static_cast<size_t>(size); i < agent->leaves.size(); i++)
    if (agent->leaves[i] == token) return size;
  return -1;
}

constexpr uint32_t LASTING = 1 << 24; /* next to the number of a function, which has 24 bits */

/* The getter of an entry: its data is the function's number. */
template <typename Returned>
void enter(uint32_t place, Returned returned) {
  Agent *agent = agent_current();
  /* A program that froze its global object while it was hooked goes on asking. */
  if (!agent || !(agent->hooked_natively & FUNCTION_PROBES)) return;
  uint32_t id = place & (LASTING - 1);
  const FunctionName *function = names_get(id);
  if (!function) return;
  uint32_t token = push(agent, id);
  fire_entry(agent, function, POLYPROBE_KIND_CALL);
  if (place & LASTING)
    returned.Set(static_cast<int32_t>(token));
  else
    returned.Set(leaving(agent));
}

void on_entry(const Info &info) { enter(info.Data().As<v8::Uint32>()->Value(), info.GetReturnValue()); }

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

/* Whatever the clause's own function has called is over. */
void catch_up(Agent *agent, const FunctionName *function, uint32_t id, const Info &info) {
  if (!info[1]->IsInt32()) {
    /* Entered before the tracer came, all that is on the stack was called by it. */
    int index = info[1]->IsFunction() ? depth_of(agent, info[1]) : -1;
    return unwind_above(agent, index);
  }
  uint32_t token = token_of(info);
  int index = find(agent, id, token);
  if (index >= 0) return unwind_above(agent, index);
  /* A rejection or throw() resumes it here. */
  if (suspended(agent, index, token)) info.GetReturnValue().Set(static_cast<int32_t>(resume(agent, function, id)));
}

void on_catch(const Info &info) {
  if (info.Length() > 1) info.GetReturnValue().Set(info[1]);
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function) return;
  Agent *agent = agent_of(info);
  if (info.Length() == 1)
    info.GetReturnValue().Set(static_cast<int32_t>(agent->next_serial));
  else if (info.Length() > 3)
    unwind_since(agent, token_of(info));
  else if (agent->hooked_natively & FUNCTION_PROBES)
    catch_up(agent, function, id, info);
  if (info.Length() > 2) exceptions_seen(agent, function, info[2]);
}

void on_throw(const Info &info) {
  uint32_t id;
  const FunctionName *function = function_of(info, &id);
  if (!function || info.Length() < 2) return;
  uint32_t line = info.Length() > 2 && info[2]->IsUint32() ? info[2].As<v8::Uint32>()->Value() : 0;
  exceptions_thrown(agent_of(info), function, info[1], line);
}

const v8::FunctionCallback HANDLERS[CALLBACKS] = {on_return, on_exit, on_suspend, on_resume, on_catch, on_throw};

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
void define(Agent *agent, v8::Local<v8::Context> context, const char *text, v8::Local<v8::Value> value) {
  v8::Local<v8::Object> global = context->Global();
  v8::Local<v8::String> name;
  if (!v8::String::NewFromUtf8(agent->isolate, text, v8::NewStringType::kInternalized).ToLocal(&name)) return;
  v8::TryCatch ignore(agent->isolate);
  drop(global->Delete(context, name));
  drop(global->DefineOwnProperty(context, name, value, v8::DontEnum));
}

/* The number in an entry's name, `f000017` or `g000017`; 0 if it is none. */
uint32_t place_of(v8::Isolate *isolate, v8::Local<v8::Name> name) {
  constexpr int LENGTH = 7;
  uint8_t text[LENGTH];
  if (!name->IsString() || name.As<v8::String>()->Length() != LENGTH) return 0;
  name.As<v8::String>()->WriteOneByte(isolate, text, 0, LENGTH, v8::String::NO_NULL_TERMINATION);
  if (text[0] != 'f' && text[0] != 'g') return 0;
  uint32_t place = text[0] == 'g' ? LASTING : 0, id = 0;
  for (int i = 1; i < LENGTH; i++) {
    if (!isxdigit(text[i])) return 0;
    id = id * 16 + static_cast<uint32_t>(text[i] <= '9' ? text[i] - '0' : (text[i] | 32) - 'a' + 10);
  }
  return place | id;
}

/*
 * A function is entered for the first time in this session: get(target, name, entries). From now on it has a getter of its
 * own, unless the program has frozen the entries, which may only cost time.
 */
void on_first_entry(const Info &info) {
  v8::Isolate *isolate = info.GetIsolate();
  if (info.Length() < 3 || !info[1]->IsName() || !info[2]->IsObject()) return;
  v8::Local<v8::Name> name = info[1].As<v8::Name>();
  uint32_t place = place_of(isolate, name);
  if (!names_get(place & (LASTING - 1))) return;
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Function> getter;
  if (v8::Function::New(context, on_entry, v8::Integer::NewFromUnsigned(isolate, place), 0,
                        v8::ConstructorBehavior::kThrow)
          .ToLocal(&getter)) {
    v8::TryCatch ignore(isolate);
    v8::PropertyDescriptor property(getter, v8::Undefined(isolate));
    drop(info[2].As<v8::Object>()->DefineProperty(context, name, property));
  }
  enter(place, info.GetReturnValue());
}

/*
 * What __pp_e is while somebody traces: an object that inherits from a proxy. A program that walks over everything may
 * freeze both, which it can't do with an object that has an interceptor. It is a dictionary from the start, so that its
 * form stays the same for V8 however many getters it has.
 */
v8::MaybeLocal<v8::Object> entries(Agent *agent, v8::Local<v8::Context> context) {
  v8::Isolate *isolate = agent->isolate;
  v8::Local<v8::Function> get;
  v8::Local<v8::Proxy> proxy;
  if (!v8::Function::New(context, on_first_entry, v8::Local<v8::Value>(), 0, v8::ConstructorBehavior::kThrow)
           .ToLocal(&get))
    return v8::MaybeLocal<v8::Object>();
  v8::Local<v8::Name> name = v8::String::NewFromUtf8Literal(isolate, "get");
  v8::Local<v8::Value> value = get;
  v8::Local<v8::Object> target = v8::Object::New(isolate, v8::Null(isolate), nullptr, nullptr, 0);
  v8::Local<v8::Object> handler = v8::Object::New(isolate, v8::Null(isolate), &name, &value, 1);
  if (!v8::Proxy::New(context, target, handler).ToLocal(&proxy)) return v8::MaybeLocal<v8::Object>();
  return v8::Object::New(isolate, proxy, nullptr, nullptr, 0);
}

/* The outermost call into JavaScript has ended: whatever is still open was left by an exception. */
void on_turn_end(v8::Isolate *) {
  Agent *agent = agent_current();
  if (agent && !agent->stack.empty()) functions_unwind(agent, 0);
}

} // namespace

void functions_unwind(Agent *agent, size_t depth) { unwind_above(agent, static_cast<int>(depth) - 1); }

void functions_define(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> parent,
                      v8::Local<v8::Value> nobody) {
  agent->nobody.Reset(agent->isolate, nobody);
  define(agent, context, ENTRIES, nobody);
  for (const char *name : GLOBAL_NAMES) define(agent, context, name, v8::Undefined(agent->isolate));
  /*
   * A program may empty its global object: instrumented code still has to find the names. What the global object inherits
   * from is no place that programs clear.
   */
  if (!parent->IsObject() || parent->IsProxy()) return;
  constexpr auto FIXED = static_cast<v8::PropertyAttribute>(v8::DontEnum | v8::DontDelete | v8::ReadOnly);
  v8::TryCatch ignore(agent->isolate);
  auto fix = [&](const char *text, v8::Local<v8::Value> value) {
    v8::Local<v8::String> name;
    if (v8::String::NewFromUtf8(agent->isolate, text, v8::NewStringType::kInternalized).ToLocal(&name))
      drop(parent.As<v8::Object>()->DefineOwnProperty(context, name, value, FIXED));
  };
  fix(ENTRIES, nobody);
  for (const char *text : GLOBAL_NAMES) fix(text, v8::Undefined(agent->isolate));
}

void functions_hook(Agent *agent, v8::Local<v8::Context> context, ProbeSet before, ProbeSet now) {
  bool were = before & FUNCTION_PROBES, are = now & FUNCTION_PROBES;
  if (are && !were) {
    agent->session_serial = agent->next_serial;
    agent->stack.reserve(256);
    agent->isolate->AddCallCompletedCallback(on_turn_end);
    v8::Local<v8::Object> made;
    if (entries(agent, context).ToLocal(&made)) define(agent, context, ENTRIES, made);
  } else if (were && !are) {
    agent->isolate->RemoveCallCompletedCallback(on_turn_end);
    agent->stack.clear();
    agent->leaves.clear();
    agent->session = (agent->session + 1) % SESSIONS;
    define(agent, context, ENTRIES, agent->nobody.Get(agent->isolate));
  }
  for (int i = 0; i < CALLBACKS; i++) {
    if (wanted(i, before) == wanted(i, now)) continue;
    if (!wanted(i, now)) {
      define(agent, context, GLOBAL_NAMES[i], v8::Undefined(agent->isolate));
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
    define(agent, context, GLOBAL_NAMES[i], agent->callbacks[i].Get(agent->isolate));
  }
}

} // namespace polyprobe
