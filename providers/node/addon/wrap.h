/*
 * wrap: a function that runs something of ours before the runtime's own, and shows in no stack trace.
 *
 * A wrapper written in JavaScript would be a frame in every stack trace below it, and so change what programs print. A
 * function of V8's embedder interface is none.
 */
#pragma once
#include <napi.h>

namespace polyprobe {

/** Adds `wrap` to the addon's exports. */
void wrap_exports(Napi::Env env, Napi::Object exports);

/** Stack traces pass through wrap.cc from now on. */
void stack_traces_hook(struct Agent *agent);

} // namespace polyprobe
