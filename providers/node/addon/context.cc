/*
 * context: which request the isolate works for, at every instant.
 *
 * Two halves follow it. Node announces each of its own asynchronous resources (timers, ticks, sockets, file operations,
 * AsyncResource) when it is made and around each of its callbacks: `init`, `before` and `after` here are the hooks that
 * context.cts gives to createHook. V8 announces promises to `on_promise`. A resource or promise works for what was worked
 * for when it was made.
 *
 * Nothing is written where a program could see it, or refuse it (frozen promises): what promises work for is a private
 * property, what resources work for is kept here by Node's number for them. No JavaScript runs in here, because what it
 * threw (a stack that is full) would end the process: https://github.com/nodejs/node/blob/v20.20.0/lib/internal/async_hooks.js#L164
 *
 * Everything is there while the context is followed, and gone after it.
 */
#include "context.h"

#include <cstring>

#include "wrap.h"

namespace polyprobe {

namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

/* Node numbers resources from 1. */
constexpr double PROMISE_JOB = 0;
constexpr size_t FIRST_SWEEP = 1024;

void become(Agent *agent, uint64_t request) {
  if (request == agent->request) return;
  uint64_t before = agent->request;
  agent->request = request;
  if (POLYPROBE_ARMED(polyprobe_node_context__switch)) polyprobe_node_context__switch(before, request, 0, 0);
}

/* Whether Node's parser has read a message to its end. Asks without running code of the program's. */
bool is_complete(Agent *agent, v8::Local<v8::Object> message) {
  v8::Local<v8::Context> context = agent->isolate->GetCurrentContext();
  v8::TryCatch ignore(agent->isolate);
  v8::Local<v8::Value> descriptor, complete;
  if (message->IsProxy() ||
      !message->GetOwnPropertyDescriptor(context, v8::String::NewFromUtf8Literal(agent->isolate, "complete"))
           .ToLocal(&descriptor) ||
      !descriptor->IsObject() ||
      !descriptor.As<v8::Object>()
           ->Get(context, v8::String::NewFromUtf8Literal(agent->isolate, "value"))
           .ToLocal(&complete))
    return true;
  return !complete->IsFalse();
}

uint64_t request_of(Agent *agent, double async_id) {
  auto &resources = agent->following.resources;
  auto found = resources.find(async_id);
  if (found == resources.end()) return 0;
  Resource &resource = found->second;
  if (!resource.is_message) return resource.request;
  /* The parser of a connection that is kept: between two messages it works for nobody. */
  if (!resource.object.IsEmpty() && !is_complete(agent, resource.object.Get(agent->isolate))) return resource.request;
  resources.erase(found);
  return 0;
}

/* Forgets resources that are no more. As often as the table has doubled, so that it costs each entry a constant. */
void sweep(Following *following) {
  std::erase_if(following->resources, [](const auto &entry) { return entry.second.object.IsEmpty(); });
  following->sweep_at = std::max(FIRST_SWEEP, following->resources.size() * 2);
}

void keep(Agent *agent, double async_id, v8::Local<v8::Object> object, bool is_message) {
  Following &following = agent->following;
  if (following.resources.size() >= following.sweep_at) sweep(&following);
  Resource &resource = following.resources[async_id];
  resource.request = agent->request;
  resource.is_message = is_message;
  resource.object.Reset(agent->isolate, object);
  resource.object.SetWeak();
}

void enter_scope(Agent *agent, double async_id, uint64_t request) {
  agent->following.scopes.push_back({async_id, agent->request, agent->stack.size()});
  become(agent, request);
}

/* Leaves a scope and all within it: what an exception has left says no word. */
void leave_scope(Agent *agent, size_t index) {
  auto &scopes = agent->following.scopes;
  Scope scope = scopes[index];
  scopes.resize(index);
  functions_unwind(agent, scope.depth);
  become(agent, scope.outer);
}

/* init(asyncId, type, triggerAsyncId, resource) */
void on_init(const Info &info) {
  auto *agent = static_cast<Agent *>(info.Data().As<v8::External>()->Value());
  if (agent->request == 0 || !agent->following.on || info.Length() < 4 || !info[0]->IsNumber()) return;
  /* Promises come here as well if the program has hooks of its own. */
  if (info[3]->IsObject() && !info[3]->IsPromise())
    keep(agent, info[0].As<v8::Number>()->Value(), info[3].As<v8::Object>(), false);
}

/* before(asyncId) */
void on_before(const Info &info) {
  auto *agent = static_cast<Agent *>(info.Data().As<v8::External>()->Value());
  if (!agent->following.on || info.Length() < 1 || !info[0]->IsNumber()) return;
  double async_id = info[0].As<v8::Number>()->Value();
  enter_scope(agent, async_id, request_of(agent, async_id));
}

/* after(asyncId) */
void on_after(const Info &info) {
  auto *agent = static_cast<Agent *>(info.Data().As<v8::External>()->Value());
  if (!agent->following.on || info.Length() < 1 || !info[0]->IsNumber()) return;
  double async_id = info[0].As<v8::Number>()->Value();
  auto &scopes = agent->following.scopes;
  for (size_t i = scopes.size(); i > 0; i--) {
    if (scopes[i - 1].async_id != async_id) continue;
    if (i < scopes.size() && scopes[i].async_id == PROMISE_JOB) {
      /* A promise's job, told by Node's hooks for the program's sake: V8 tells the end of it in a moment. */
      scopes[i].outer = scopes[i - 1].outer;
      scopes.erase(scopes.begin() + static_cast<ptrdiff_t>(i) - 1);
      return;
    }
    leave_scope(agent, i - 1);
    return;
  }
}

void set_request(Agent *agent, v8::Local<v8::Promise> promise) {
  v8::Local<v8::Private> key = agent->following.key.Get(agent->isolate);
  /* Low halves as signed integers: V8 keeps those without allocating. */
  v8::Local<v8::Value> low = v8::Integer::New(agent->isolate, static_cast<int32_t>(agent->request));
  drop(promise->SetPrivate(agent->isolate->GetCurrentContext(), key, low));
}

uint64_t request_of(Agent *agent, v8::Local<v8::Promise> promise) {
  v8::Local<v8::Value> low;
  v8::Local<v8::Private> key = agent->following.key.Get(agent->isolate);
  if (!promise->GetPrivate(agent->isolate->GetCurrentContext(), key).ToLocal(&low) || !low->IsInt32()) return 0;
  return request_of_low(static_cast<uint32_t>(low.As<v8::Int32>()->Value()));
}

void on_promise(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value>) {
  Agent *agent = agent_current();
  if (!agent || !agent->following.on) return;
  auto &scopes = agent->following.scopes;
  switch (type) {
    case v8::PromiseHookType::kInit:
      if (agent->request) set_request(agent, promise);
      return;
    case v8::PromiseHookType::kBefore:
      enter_scope(agent, PROMISE_JOB, request_of(agent, promise));
      return;
    case v8::PromiseHookType::kAfter:
      for (size_t i = scopes.size(); i > 0; i--)
        if (scopes[i - 1].async_id == PROMISE_JOB) return leave_scope(agent, i - 1);
      return;
    case v8::PromiseHookType::kResolve:
      return;
  }
}

/* The outermost call into JavaScript has ended. Outside of all callbacks the thread works for nobody, whatever was missed. */
void on_turn_end(v8::Isolate *isolate) {
  Agent *agent = agent_current();
  if (!agent || (agent->request == 0 && agent->following.scopes.empty())) return;
  if (node::AsyncHooksGetExecutionAsyncId(isolate) != 0) return;
  agent->following.scopes.clear();
  functions_unwind(agent, 0);
  become(agent, 0);
}

v8::Local<v8::Value> to_v8(napi_value raw) {
  v8::Local<v8::Value> value;
  static_assert(sizeof raw == sizeof value, "a napi_value is a v8::Local (js_native_api_v8.h)");
  memcpy(static_cast<void *>(&value), &raw, sizeof value);
  return value;
}

Napi::Value made(Napi::Env env, v8::FunctionCallback callback) {
  v8::Isolate *isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Function> function;
  if (!v8::Function::New(isolate->GetCurrentContext(), callback, v8::External::New(isolate, agent_current()), 0,
                         v8::ConstructorBehavior::kThrow)
           .ToLocal(&function))
    return env.Undefined();
  v8::Local<v8::Value> value = function;
  napi_value raw;
  memcpy(&raw, static_cast<void *>(&value), sizeof raw);
  return Napi::Value(env, raw);
}

/* contextHooks() → {init, before, after} for createHook */
Napi::Value context_hooks(const Napi::CallbackInfo &info) {
  Napi::Object hooks = Napi::Object::New(info.Env());
  hooks["init"] = made(info.Env(), on_init);
  hooks["before"] = made(info.Env(), on_before);
  hooks["after"] = made(info.Env(), on_after);
  return hooks;
}

/* contextFollow(shared): promises from now on; shared: the program has async hooks as well */
void context_follow(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  if (!agent || !agent->watch) return;
  agent->following.shared = info[0].ToBoolean();
  if (agent->following.on) return;
  agent->following.on = true;
  /* A new key for each time: what was written for an earlier tracer means nothing to this one. */
  agent->following.key.Reset(agent->isolate, v8::Private::New(agent->isolate));
  promises_hook(agent, PROMISES_FOLLOWED, on_promise);
  agent->isolate->AddCallCompletedCallback(on_turn_end);
  stack_traces_hook(agent);
}

/* enqueueMicrotask(callback) */
void enqueue_microtask(const Napi::CallbackInfo &info) {
  if (info[0].IsFunction()) v8::Isolate::GetCurrent()->EnqueueMicrotask(to_v8(info[0]).As<v8::Function>());
}

/* contextLeave() */
void context_leave(const Napi::CallbackInfo &) {
  if (Agent *agent = agent_current()) context_stop(agent);
}

/* contextEnter(id, message): the present callback works for a request; so do further ones of the parser that reads its message */
void context_enter(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  if (!agent || !agent->following.on || !info[0].IsNumber()) return;
  become(agent, request_of_low(info[0].As<Napi::Number>().Uint32Value()));
  double parser = node::AsyncHooksGetExecutionAsyncId(agent->isolate);
  if (info[1].IsObject() && parser != 0) keep(agent, parser, to_v8(info[1]).As<v8::Object>(), true);
}

/* contextCurrent() → low half of the present request's id, or 0 */
Napi::Value context_current(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  return Napi::Number::New(info.Env(), agent ? static_cast<uint32_t>(agent->request) : 0);
}

} // namespace

v8::Local<v8::Array> context_hide(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Array> sites) {
  if (!agent->following.on || agent->following.shared) return sites;
  v8::Isolate *isolate = agent->isolate;
  v8::TryCatch ignore(isolate);
  auto says = [&](v8::Local<v8::Object> site, v8::Local<v8::String> question, v8::Local<v8::String> answer) {
    v8::Local<v8::Value> method, said;
    return site->Get(context, question).ToLocal(&method) && method->IsFunction() &&
           method.As<v8::Function>()->Call(context, site, 0, nullptr).ToLocal(&said) && said->StrictEquals(answer);
  };
  std::vector<v8::Local<v8::Value>> shown;
  for (uint32_t i = 0; i < sites->Length(); i++) {
    v8::Local<v8::Value> site;
    if (!sites->Get(context, i).ToLocal(&site) || !site->IsObject()) return sites;
    if (!says(site.As<v8::Object>(), v8::String::NewFromUtf8Literal(isolate, "getFileName"),
              v8::String::NewFromUtf8Literal(isolate, "node:internal/async_hooks")) ||
        !says(site.As<v8::Object>(), v8::String::NewFromUtf8Literal(isolate, "getFunctionName"),
              v8::String::NewFromUtf8Literal(isolate, "callbackTrampoline")))
      shown.push_back(site);
  }
  return shown.size() == sites->Length() ? sites : v8::Array::New(isolate, shown.data(), shown.size());
}

void context_stop(Agent *agent) {
  Following &following = agent->following;
  if (!following.on) return;
  following.on = false;
  promises_hook(agent, PROMISES_FOLLOWED, nullptr);
  agent->isolate->RemoveCallCompletedCallback(on_turn_end);
  following.key.Reset();
  following.scopes.clear();
  following.resources.clear();
  following.sweep_at = FIRST_SWEEP;
  become(agent, 0);
}

uint64_t request_of_low(uint32_t low) {
  static const uint64_t high = polyprobe_request_id() & ~uint64_t{0xffffffff};
  return low ? high | low : 0;
}

void context_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("contextHooks", Napi::Function::New(env, context_hooks, "contextHooks"));
  exports.Set("contextFollow", Napi::Function::New(env, context_follow, "contextFollow"));
  exports.Set("enqueueMicrotask", Napi::Function::New(env, enqueue_microtask, "enqueueMicrotask"));
  exports.Set("contextLeave", Napi::Function::New(env, context_leave, "contextLeave"));
  exports.Set("contextEnter", Napi::Function::New(env, context_enter, "contextEnter"));
  exports.Set("contextCurrent", Napi::Function::New(env, context_current, "contextCurrent"));
}

} // namespace polyprobe
