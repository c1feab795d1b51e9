/*
 * promises: V8's hook for promises, which is one for each isolate, for all who want to hear of them. Present only while
 * somebody does: it makes every promise slower (by 75 ns), and functions that are compiled afterwards no longer take V8's
 * shortest way through an await (12 ns).
 */
#include "agent.h"

namespace polyprobe {

namespace {

void on_promise(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value> parent) {
  Agent *agent = agent_current();
  if (!agent) return;
  for (v8::PromiseHook hook : agent->promise_hooks)
    if (hook) hook(type, promise, parent);
}

} // namespace

void promises_hook(Agent *agent, PromiseUser user, v8::PromiseHook hook) {
  agent->promise_hooks[user] = hook;
  bool is_wanted = false;
  for (v8::PromiseHook other : agent->promise_hooks) is_wanted = is_wanted || other;
  agent->isolate->SetPromiseHook(is_wanted ? on_promise : nullptr);
}

} // namespace polyprobe
