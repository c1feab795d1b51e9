/*
 * The addon: what the TypeScript of providers/node asks of C++. One instance for each isolate; names (names.h) are the process's.
 */
#include <napi.h>
#include <node.h>

#include <cstring>
#include <vector>

#include "context.h"
#include "exec.h"
#include "fire.h"
#include "lifecycle.h"
#include "uncaught.h"
#include "wrap.h"

namespace polyprobe {

namespace {

v8::Local<v8::Value> value_of(const Napi::Value &from) {
  napi_value raw = from;
  v8::Local<v8::Value> value;
  memcpy(static_cast<void *>(&value), &raw, sizeof value);
  return value;
}

/* Closing a handle takes a turn of the loop: the environment waits for the hook's removal. */
void on_teardown(napi_async_cleanup_hook_handle hook, void *) {
  uv_async_t *async = agent_release();
  if (!async) {
    napi_remove_async_cleanup_hook(hook);
    return;
  }
  async->data = hook;
  uv_close(reinterpret_cast<uv_handle_t *>(async), [](uv_handle_t *handle) {
    auto hook = static_cast<napi_async_cleanup_hook_handle>(handle->data);
    delete reinterpret_cast<uv_async_t *>(handle);
    napi_remove_async_cleanup_hook(hook);
  });
}

/* start(runtime, program, toggle, isMainThread, parent of the global object, entries for nobody) → undefined, or why it can't */
Napi::Value start(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (!polyprobe_abi_compatible()) return Napi::String::New(env, "abi");
  if (const char *why = polyprobe_unsupported()) return Napi::String::New(env, why);
  uv_loop_t *loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Napi::String::New(env, "no event loop");
  v8::Isolate *isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  std::string runtime = info[0].As<Napi::String>().Utf8Value(), program = info[1].As<Napi::String>().Utf8Value();
  /* The main thread speaks for the process. */
  if (info[3].ToBoolean()) polyprobe_describe(runtime.c_str(), program.c_str());
  const char *why = agent_start(context, loop, runtime, program, value_of(info[2]).As<v8::Function>(),
                                value_of(info[4]), value_of(info[5]));
  if (why) return Napi::String::New(env, why);
  napi_add_async_cleanup_hook(env, on_teardown, nullptr, nullptr);
  /* process.exit() doesn't tear the main thread's environment down, but runs these. */
  node::AtExit(
      node::GetCurrentEnvironment(context), [](void *) { agent_stop(); }, nullptr);
  return env.Undefined();
}

/* setProgram(program): a worker's is known late; from now on runtime__hooks tells it */
void set_program(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  if (agent && info[0].IsString()) agent->program = info[0].As<Napi::String>().Utf8Value();
}

/* stop(): takes every hook out for good */
void stop(const Napi::CallbackInfo &) { agent_stop(); }

/*
 * addFunctions(file, texts, lines) → first number, or 0
 * texts: scope, name and file of each function in turn ('' for the file given first), joined by NUL; lines: Uint32Array, one for each function.
 */
Napi::Value add_functions(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsString() || !info[2].IsTypedArray()) return Napi::Number::New(env, 0);
  std::string file = info[0].As<Napi::String>().Utf8Value(), texts = info[1].As<Napi::String>().Utf8Value();
  Napi::Uint32Array lines = info[2].As<Napi::Uint32Array>();
  auto count = static_cast<uint32_t>(lines.ElementLength());
  uint32_t first = count ? names_reserve(count) : 0;
  if (!first) return Napi::Number::New(env, 0);
  const char *at = texts.data(), *end = at + texts.size();
  auto next = [&](size_t *length) {
    const char *text = at;
    const void *nul = at < end ? memchr(at, '\0', static_cast<size_t>(end - at)) : nullptr;
    const char *stop = nul ? static_cast<const char *>(nul) : end;
    *length = static_cast<size_t>(stop - text);
    at = nul ? stop + 1 : end;
    return text;
  };
  bool is_mapped = false;
  for (uint32_t i = 0; i < count; i++) {
    size_t scope_length, name_length, path_length;
    const char *scope = next(&scope_length), *name = next(&name_length), *path = next(&path_length);
    is_mapped = is_mapped || path_length != 0;
    if (path_length == 0) path = file.data(), path_length = file.size();
    names_set(first + i, scope, scope_length, name, name_length, path, path_length, lines[i]);
  }
  names_file_add(file, is_mapped);
  return Napi::Number::New(env, first);
}

/* hasFunctions(file) → whether any thread has registered functions of it */
Napi::Value has_functions(const Napi::CallbackInfo &info) {
  return Napi::Boolean::New(info.Env(), info[0].IsString() && names_file_has(info[0].As<Napi::String>().Utf8Value()));
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("start", Napi::Function::New(env, start, "start"));
  exports.Set("setProgram", Napi::Function::New(env, set_program, "setProgram"));
  exports.Set("stop", Napi::Function::New(env, stop, "stop"));
  exports.Set("hasFunctions", Napi::Function::New(env, has_functions, "hasFunctions"));
  exports.Set("addFunctions", Napi::Function::New(env, add_functions, "addFunctions"));
  fire_exports(env, exports);
  context_exports(env, exports);
  wrap_exports(env, exports);
  uncaught_exports(env, exports);
  exec_exports(env, exports);
  return exports;
}

} // namespace

} // namespace polyprobe

static Napi::Object Init(Napi::Env env, Napi::Object exports) { return polyprobe::init(env, exports); }
NODE_API_MODULE(polyprobe_node, Init)
