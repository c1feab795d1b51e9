/* lifecycle: how an isolate's agent begins and ends. Called by addon.cc on the isolate's thread. */
#pragma once
#include <string>

#include "agent.h"

namespace polyprobe {

/**
 * Begins to watch the sites for this isolate, and hooks what is armed already.
 * @param loop the isolate's loop, borrowed for the agent's life
 * @param toggle called as toggle(set) on the loop whenever the set of armed probes has changed
 * @param parent what the global object inherits from
 * @param nobody what functions ask for their entries while nobody traces
 * @return NULL, or why it can't; a literal
 */
const char *agent_start(v8::Local<v8::Context> context, uv_loop_t *loop, std::string runtime, std::string program,
                        v8::Local<v8::Function> toggle, v8::Local<v8::Value> parent, v8::Local<v8::Value> nobody);

/** Takes every hook out, ends open calls as unwound. May be called twice. */
void agent_stop();

/** Frees the isolate's agent. @return its handle on the loop, to be closed and deleted by the caller; or NULL */
uv_async_t *agent_release();

} // namespace polyprobe
