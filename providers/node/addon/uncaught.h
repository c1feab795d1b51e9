/* uncaught: exceptions that reach the process. Called by addon.cc for its exports, and by wrap.cc. */
#pragma once
#include <napi.h>
#include <v8.h>

namespace polyprobe {

struct Agent;

/** Adds what excerpt.cts asks for to the addon's exports. */
void uncaught_exports(Napi::Env env, Napi::Object exports);

/** Keeps what V8 says of an exception on its way to the process: where it was thrown. */
void uncaught_keep(Agent *agent, v8::Local<v8::Message> message, v8::Local<v8::Value> error);

/** What V8 says of an exception: what was kept of it, or what V8 knows of the value. May be empty. */
v8::Local<v8::Message> uncaught_message(Agent *agent, v8::Local<v8::Value> error);

} // namespace polyprobe
