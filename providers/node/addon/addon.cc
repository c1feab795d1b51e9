/*
 * The addon: what the TypeScript of providers/node asks of C++. One instance for each isolate; names (names.h) are the process's.
 */
#include <napi.h>
#include <node.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "context.h"
#include "exec.h"
#include "fire.h"
#include "lifecycle.h"
#include "names.h"
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
 * addFunctions(file, module, names, lines, isMapped) → first number, or 0
 * names: scope ('' for the module), name and file ('' for the file given first) of each function in turn, joined by NUL.
 */
Napi::Value add_functions(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsString() || !info[2].IsTypedArray() || !info[3].IsTypedArray())
    return Napi::Number::New(env, 0);
  Napi::Uint8Array names = info[2].As<Napi::Uint8Array>();
  Napi::Uint32Array lines = info[3].As<Napi::Uint32Array>();
  std::string file = info[0].As<Napi::String>().Utf8Value();
  uint32_t first = names_add({file, info[1].As<Napi::String>().Utf8Value(),
                              std::string(reinterpret_cast<const char *>(names.Data()), names.ElementLength()),
                              std::vector<uint32_t>(lines.Data(), lines.Data() + lines.ElementLength())});
  if (first) names_file_add(file, info[4].ToBoolean());
  return Napi::Number::New(env, first);
}

/* raiseNumbers(text, width, places, by): six hexadecimal digits at each place */
void raise_numbers(const Napi::CallbackInfo &info) {
  if (!info[0].IsTypedArray() || !info[1].IsNumber() || !info[2].IsTypedArray() || !info[3].IsNumber()) return;
  constexpr size_t DIGITS = 6;
  Napi::Uint8Array text = info[0].As<Napi::Uint8Array>();
  Napi::Uint32Array places = info[2].As<Napi::Uint32Array>();
  size_t width = info[1].As<Napi::Number>().Uint32Value(), length = text.ElementLength();
  uint32_t by = info[3].As<Napi::Number>().Uint32Value();
  uint8_t *bytes = text.Data();
  for (size_t i = 0; i < places.ElementLength(); i++) {
    size_t at = places.Data()[i] * width;
    if (at + DIGITS * width > length) return;
    uint32_t number = 0;
    for (size_t k = 0; k < DIGITS; k++) {
      uint8_t digit = bytes[at + k * width];
      number = number * 16 + static_cast<uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    number += by;
    for (size_t k = DIGITS; k > 0; k--, number /= 16) {
      uint32_t digit = number % 16;
      bytes[at + (k - 1) * width] = static_cast<uint8_t>(digit < 10 ? '0' + digit : 'a' + digit - 10);
    }
  }
}

/*
 * checksum(bytes, from) → 16 hexadecimal digits. FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/) by words of eight bytes
 * instead of single ones, with its upper half folded in after each.
 */
Napi::Value checksum(const Napi::CallbackInfo &info) {
  if (!info[0].IsTypedArray()) return info.Env().Undefined();
  Napi::Uint8Array bytes = info[0].As<Napi::Uint8Array>();
  size_t at = info[1].IsNumber() ? info[1].As<Napi::Number>().Uint32Value() : 0, length = bytes.ElementLength();
  constexpr uint64_t PRIME = 0x100000001b3;
  uint64_t sum = 0xcbf29ce484222325 ^ length;
  for (; at < length; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    memcpy(&word, bytes.Data() + at, std::min(sizeof word, length - at));
    sum = (sum ^ word) * PRIME;
    sum ^= sum >> 32;
  }
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(sum));
  return Napi::String::New(info.Env(), text);
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
  exports.Set("raiseNumbers", Napi::Function::New(env, raise_numbers, "raiseNumbers"));
  exports.Set("checksum", Napi::Function::New(env, checksum, "checksum"));
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
