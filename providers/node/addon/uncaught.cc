#include "uncaught.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "agent.h"

namespace polyprobe {

namespace {

v8::Local<v8::Value> to_v8(napi_value raw) {
  v8::Local<v8::Value> value;
  static_assert(sizeof raw == sizeof value, "a napi_value is a v8::Local (js_native_api_v8.h)");
  memcpy(static_cast<void *>(&value), &raw, sizeof value);
  return value;
}

void on_message(v8::Local<v8::Message> message, v8::Local<v8::Value> error) {
  Agent *agent = agent_current();
  if (agent && message->ErrorLevel() == v8::Isolate::kMessageError) uncaught_keep(agent, message, error);
}

/*
 * keepUncaught(): from now on V8's messages of uncaught exceptions are kept until they have been handled.
 *
 * V8 calls listeners in the order in which they came, and Node's own may end the process: so it is taken out and put back
 * behind ours. It is exported (https://github.com/nodejs/node/blob/v20.20.0/src/node_errors.h); without it nothing is kept.
 */
void keep_uncaught(const Napi::CallbackInfo &) {
  void *symbol =
      dlsym(RTLD_DEFAULT, "_ZN4node6errors25PerIsolateMessageListenerEN2v85LocalINS1_7MessageEEENS2_INS1_5ValueEEE");
  v8::MessageCallback nodes = nullptr;
  memcpy(&nodes, &symbol, sizeof nodes);
  if (!nodes) return;
  v8::Isolate *isolate = v8::Isolate::GetCurrent();
  isolate->RemoveMessageListeners(nodes);
  isolate->AddMessageListenerWithErrorLevel(on_message, v8::Isolate::kMessageError);
  isolate->AddMessageListenerWithErrorLevel(nodes, v8::Isolate::kMessageError | v8::Isolate::kMessageWarning);
}

/* exceptionSeen(value): a value that reached the process */
void exception_seen(const Napi::CallbackInfo &info) {
  if (Agent *agent = agent_current()) exceptions_seen(agent, nullptr, to_v8(info[0]));
}

v8::Local<v8::Value> described(v8::Isolate *isolate, v8::Local<v8::Object> error, const char *part) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Value> descriptor, value;
  v8::Local<v8::String> key = v8::String::NewFromUtf8(isolate, part).ToLocalChecked();
  if (!error->GetOwnPropertyDescriptor(context, v8::String::NewFromUtf8Literal(isolate, "stack"))
           .ToLocal(&descriptor) ||
      !descriptor->IsObject() || !descriptor.As<v8::Object>()->HasOwnProperty(context, key).FromMaybe(false) ||
      !descriptor.As<v8::Object>()->Get(context, key).ToLocal(&value))
    return v8::Undefined(isolate);
  return value;
}

/* An error's stack when it is V8's own: a value, or later (Node 22) V8's own getter. Nothing of the program's runs. */
v8::Local<v8::Value> stack_of(v8::Isolate *isolate, v8::Local<v8::Object> error) {
  v8::Local<v8::Value> value = described(isolate, error, "value"), getter = described(isolate, error, "get"), result;
  if (!getter->IsFunction()) return value;
  v8::Local<v8::Object> fresh = v8::Exception::Error(v8::String::Empty(isolate)).As<v8::Object>();
  if (described(isolate, fresh, "get") == getter &&
      getter.As<v8::Function>()->Call(isolate->GetCurrentContext(), error, 0, nullptr).ToLocal(&result))
    return result;
  return v8::Undefined(isolate);
}

/*
 * Whether Node has given an error its excerpt already: of a file that can't be compiled, when it was to be loaded. Such an
 * error's place isn't where it was thrown, and its stack begins with that place. (A parser's errors, made in one file and
 * thrown in another, are SyntaxErrors too.)
 */
bool has_excerpt(v8::Isolate *isolate, v8::Local<v8::Value> error, v8::Local<v8::Message> thrown) {
  if (!error->IsNativeError()) return false;
  v8::String::Utf8Value name(isolate, error.As<v8::Object>()->GetConstructorName());
  if (!*name || strcmp(*name, "SyntaxError") != 0) return false;
  v8::Local<v8::Message> made = v8::Exception::CreateMessage(isolate, error);
  if (made.IsEmpty() || !made->GetScriptResourceName()->IsString() ||
      made->GetScriptOrigin().ScriptId() == thrown->GetScriptOrigin().ScriptId())
    return false;
  v8::String::Utf8Value place(isolate, made->GetScriptResourceName());
  v8::String::Utf8Value stack(isolate, stack_of(isolate, error.As<v8::Object>()));
  return *place && *stack && strncmp(*stack, *place, static_cast<size_t>(place.length())) == 0;
}

/* errorPlace(error) → [script, line, start, end, text of the line, whether it has a source map], columns from 0 */
Napi::Value error_place(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  Agent *agent = agent_current();
  if (!agent) return env.Undefined();
  v8::Isolate *isolate = agent->isolate;
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Message> message = uncaught_message(agent, to_v8(info[0]));
  agent->uncaught_message.Reset();
  agent->uncaught_error.Reset();
  v8::Local<v8::String> line;
  if (message.IsEmpty() || !message->GetScriptResourceName()->IsString() ||
      has_excerpt(isolate, to_v8(info[0]), message) || !message->GetSourceLine(context).ToLocal(&line))
    return env.Undefined();
  v8::String::Utf8Value script(isolate, message->GetScriptResourceName());
  v8::String::Value text(isolate, line);
  v8::Local<v8::Value> map = message->GetScriptOrigin().SourceMapUrl();
  Napi::Array place = Napi::Array::New(env, 6);
  place[0u] = Napi::String::New(env, *script ? *script : "");
  place[1u] = Napi::Number::New(env, message->GetLineNumber(context).FromMaybe(0));
  place[2u] = Napi::Number::New(env, message->GetStartColumn());
  place[3u] = Napi::Number::New(env, message->GetEndColumn());
  place[4u] = Napi::String::New(env, reinterpret_cast<const char16_t *>(*text ? *text : nullptr),
                                static_cast<size_t>(text.length()));
  place[5u] = Napi::Boolean::New(env, !map.IsEmpty() && map->IsString());
  return place;
}

/* onPlace(original) */
void on_place(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  if (agent && info[0].IsFunction()) agent->original_place.Reset(agent->isolate, to_v8(info[0]).As<v8::Function>());
}

/* printError(text): as Node prints fatal errors, so that the order is kept */
void print_error(const Napi::CallbackInfo &info) {
  if (!info[0].IsString()) return;
  std::string text = info[0].As<Napi::String>().Utf8Value();
  fwrite(text.data(), 1, text.size(), stderr);
}

} // namespace

void uncaught_keep(Agent *agent, v8::Local<v8::Message> message, v8::Local<v8::Value> error) {
  agent->uncaught_message.Reset(agent->isolate, message);
  agent->uncaught_error.Reset(agent->isolate, error);
}

v8::Local<v8::Message> uncaught_message(Agent *agent, v8::Local<v8::Value> error) {
  if (!agent->uncaught_message.IsEmpty() && agent->uncaught_error.Get(agent->isolate)->SameValue(error))
    return agent->uncaught_message.Get(agent->isolate);
  return v8::Exception::CreateMessage(agent->isolate, error);
}

void uncaught_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("keepUncaught", Napi::Function::New(env, keep_uncaught, "keepUncaught"));
  exports.Set("exceptionSeen", Napi::Function::New(env, exception_seen, "exceptionSeen"));
  exports.Set("errorPlace", Napi::Function::New(env, error_place, "errorPlace"));
  exports.Set("onPlace", Napi::Function::New(env, on_place, "onPlace"));
  exports.Set("printError", Napi::Function::New(env, print_error, "printError"));
}

} // namespace polyprobe
