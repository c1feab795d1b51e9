/*
 * rejections: promises that are rejected, for exception__thrown.
 *
 * V8's promise hook, present only while traced, says that a promise is about to be settled, for good or bad, and not by
 * what. So the promise is kept until the next event, and looked at then: nothing of the program's runs in between. V8's
 * other hook, for rejections that nobody handles, belongs to Node and knows a part only.
 *
 * A rejection is passed on from promise to promise. An object that has been told is marked; of other values only where
 * they come from says whether they have been told.
 */
#include "agent.h"

namespace polyprobe {

namespace {

void on_promise(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value>) {
  Agent *agent = agent_current();
  if (!agent) return;
  rejections_look(agent);
  switch (type) {
    case v8::PromiseHookType::kBefore:
      agent->job.Reset(agent->isolate, promise);
      agent->job_begins = true;
      return;
    case v8::PromiseHookType::kAfter:
      agent->job.Reset();
      break;
    case v8::PromiseHookType::kResolve:
      agent->resolving.Reset(agent->isolate, promise);
      agent->resolving_in_own_job = agent->job == promise;
      agent->resolving_first_in_job = agent->job_begins;
      break;
    case v8::PromiseHookType::kInit:
      break;
  }
  agent->job_begins = false;
}

/* A call into JavaScript has ended: perhaps no promise will have a next event. */
void on_turn_end(v8::Isolate *) {
  if (Agent *agent = agent_current()) rejections_look(agent);
}

} // namespace

void rejections_look(Agent *agent) {
  if (agent->resolving.IsEmpty()) return;
  v8::HandleScope scope(agent->isolate);
  v8::Local<v8::Promise> promise = agent->resolving.Get(agent->isolate);
  agent->resolving.Reset();
  if (promise->State() == v8::Promise::kRejected)
    exceptions_rejected(agent, promise->Result(), agent->resolving_in_own_job, agent->resolving_first_in_job);
}

void rejections_hook(Agent *agent, ProbeSet before, ProbeSet now) {
  bool were = before & EXCEPTION_PROBES, are = now & EXCEPTION_PROBES;
  if (are && !were) {
    promises_hook(agent, PROMISES_REJECTED, on_promise);
    agent->isolate->AddCallCompletedCallback(on_turn_end);
  } else if (were && !are) {
    promises_hook(agent, PROMISES_REJECTED, nullptr);
    agent->isolate->RemoveCallCompletedCallback(on_turn_end);
    agent->resolving.Reset();
    agent->job.Reset();
  }
}

} // namespace polyprobe
