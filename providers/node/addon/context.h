/* context: which request the isolate works for. Called by addon.cc and agent.cc, on the isolate's thread. */
#pragma once
#include <napi.h>

#include "agent.h"

namespace polyprobe {

/** A request's id from the half that JavaScript holds; the other half is the process's. 0 stays 0. */
uint64_t request_of_low(uint32_t low);

/** Follows no longer, and works for nobody. May be called twice. */
void context_stop(Agent *agent);

/**
 * Node calls back through a function of its own while it has hooks (callbackTrampoline), and stack traces show it. Takes it
 * out of the call sites of a trace, if the hooks are ours alone. @return sites, or others
 */
v8::Local<v8::Array> context_hide(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Array> sites);

/** Puts the functions of context.cc among what the addon exports. */
void context_exports(Napi::Env env, Napi::Object exports);

} // namespace polyprobe
