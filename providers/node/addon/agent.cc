#include "agent.h"

#include <ctime>

#include "context.h"
#include "fire.h"
#include "lifecycle.h"

namespace polyprobe {

namespace {

thread_local Agent *current;

void fire_hooks(Agent *agent) {
  if (!POLYPROBE_ARMED(polyprobe_node_runtime__hooks)) return;
  polyprobe_touch(agent->runtime.c_str(), agent->runtime.size());
  polyprobe_touch(agent->program.c_str(), agent->program.size());
  polyprobe_node_runtime__hooks(agent->runtime.c_str(), agent->program.c_str(), agent->hooked);
}

void apply_natively(Agent *agent, v8::Local<v8::Context> context, ProbeSet now) {
  ProbeSet before = agent->hooked_natively;
  if (before == now) return;
  agent->hooked_natively = now;
  functions_hook(agent, context, before, now);
  rejections_hook(agent, before, now);
  gc_hook(agent, before, now);
}

void apply_in_javascript(Agent *agent, v8::Local<v8::Context> context, ProbeSet now) {
  if (agent->toggle.IsEmpty()) return;
  /* A set is a number in JavaScript: exact up to 53 probes. */
  v8::Local<v8::Value> set = v8::Number::New(agent->isolate, static_cast<double>(now));
  v8::TryCatch ignore(agent->isolate);
  drop(agent->toggle.Get(agent->isolate)->Call(context, v8::Undefined(agent->isolate), 1, &set));
}

/* Between two instructions of JavaScript. None may be run from here, so hooks written in it wait for the loop. */
void on_interrupt(v8::Isolate *isolate, void *data) {
  Agent *agent = static_cast<AgentHandle *>(data)->agent.load();
  if (!agent || agent->isolate != isolate || !agent->watch) return;
  agent_apply(agent, false);
}

void on_loop(uv_async_t *async) {
  Agent *agent = static_cast<Agent *>(async->data);
  if (!agent || !agent->watch) return;
  v8::HandleScope scope(agent->isolate);
  node::CallbackScope callback(agent->isolate, v8::Object::New(agent->isolate), node::async_context{0, 0});
  agent_apply(agent, true);
}

/* On the watcher's thread. */
void on_change(uint64_t, void *user) {
  auto *agent = static_cast<Agent *>(user);
  agent->isolate->RequestInterrupt(on_interrupt, agent->handle);
  uv_async_send(agent->async);
}

} // namespace

Agent *agent_current() { return current; }

void agent_apply(Agent *agent, bool in_loop) {
  constexpr ProbeSet AT_ONCE = NATIVE_PROBES | probe_bit(POLYPROBE_PROBE_RUNTIME__HOOKS);
  v8::HandleScope scope(agent->isolate);
  v8::Local<v8::Context> context = agent->context.Get(agent->isolate);
  v8::Context::Scope context_scope(context);
  ProbeSet armed = polyprobe_watch_armed(agent->watch), before = agent->hooked;
  apply_natively(agent, context, armed & NATIVE_PROBES);
  agent->hooked = in_loop ? armed : (before & ~AT_ONCE) | (armed & AT_ONCE);
  if (agent->hooked == before) return;
  if (in_loop) apply_in_javascript(agent, context, agent->hooked);
  fire_hooks(agent);
}

const char *agent_start(v8::Local<v8::Context> context, uv_loop_t *loop, std::string runtime, std::string program,
                        v8::Local<v8::Function> toggle, v8::Local<v8::Value> parent, v8::Local<v8::Value> nobody) {
  if (current) return "polyprobe already runs in this isolate";
  auto *agent = new Agent;
  agent->isolate = v8::Isolate::GetCurrent();
  agent->environment = node::GetCurrentEnvironment(context);
  agent->context.Reset(agent->isolate, context);
  agent->runtime = std::move(runtime);
  agent->program = std::move(program);
  agent->toggle.Reset(agent->isolate, toggle);
  agent->handle = new AgentHandle{agent};
  agent->async = new uv_async_t;
  agent->async->data = agent;
  if (uv_async_init(loop, agent->async, on_loop) != 0) {
    delete agent->async;
    delete agent->handle;
    delete agent;
    return "libuv gave no async handle";
  }
  /* The program ends when it has nothing to do, whether or not we listen. */
  uv_unref(reinterpret_cast<uv_handle_t *>(agent->async));
  functions_define(agent, context, parent, nobody);
  agent->watch =
      polyprobe_watch_open(polyprobe_provider_sites(POLYPROBE_PROVIDER_NODE), POLYPROBE_PROBE_COUNT, on_change, agent);
  current = agent;
  if (!agent->watch) return "the watcher's thread could not be started";
  agent_apply(agent, true);
  return nullptr;
}

void agent_stop() {
  Agent *agent = current;
  if (!agent || !agent->watch) return;
  polyprobe_watch_close(agent->watch); /* waits: on_change won't run again */
  agent->watch = nullptr;
  agent->handle->agent = nullptr;
  /* What is still open won't return: process.exit(), an uncaught exception, a worker that is terminated. */
  rejections_look(agent);
  functions_unwind(agent, 0);
  fire_end(agent);
  context_stop(agent);
  if (agent->hooked_natively) {
    v8::HandleScope scope(agent->isolate);
    v8::Local<v8::Context> context = agent->context.Get(agent->isolate);
    v8::Context::Scope context_scope(context);
    apply_natively(agent, context, 0);
  }
}

uv_async_t *agent_release() {
  Agent *agent = current;
  if (!agent) return nullptr;
  agent_stop();
  current = nullptr;
  uv_async_t *async = agent->async;
  async->data = nullptr;
  delete agent; /* its V8 handles are reset here, the isolate still lives */
  return async;
}

} // namespace polyprobe
