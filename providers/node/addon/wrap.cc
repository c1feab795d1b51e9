#include "wrap.h"

#include <cstring>
#include <vector>

#include "agent.h"
#include "context.h"
#include "uncaught.h"

namespace polyprobe {

namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

enum Slot {
  ORIGINAL,
  BEFORE,
  AFTER
};

v8::Local<v8::Value> to_v8(napi_value raw) {
  v8::Local<v8::Value> value;
  static_assert(sizeof raw == sizeof value, "a napi_value is a v8::Local (js_native_api_v8.h)");
  memcpy(static_cast<void *>(&value), &raw, sizeof value);
  return value;
}

/* An array of the function's own realm: it may take it apart, which the program can't interfere with there (realm.cts). */
v8::Local<v8::Array> list_for(v8::Local<v8::Function> function, std::vector<v8::Local<v8::Value>> &values) {
  v8::Isolate *isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Context> context;
  if (!function->GetCreationContext().ToLocal(&context)) context = isolate->GetCurrentContext();
  v8::Context::Scope scope(context);
  return v8::Array::New(isolate, values.data(), values.size());
}

/*
 * Calls before(args, this), which may change the array of arguments, its length too, and returns a note; then the original; then
 * after(note, result or undefined, thrown or undefined). Neither can change the outcome: what they throw is dropped.
 */
void on_call(const Info &info) {
  v8::Isolate *isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Array> slots = info.Data().As<v8::Array>();
  v8::Local<v8::Value> original, before, after;
  if (!slots->Get(context, ORIGINAL).ToLocal(&original) || !slots->Get(context, BEFORE).ToLocal(&before) ||
      !slots->Get(context, AFTER).ToLocal(&after))
    return;
  std::vector<v8::Local<v8::Value>> args;
  args.reserve(static_cast<size_t>(info.Length()));
  for (int i = 0; i < info.Length(); i++) args.push_back(info[i]);
  v8::Local<v8::Value> note = v8::Undefined(isolate);
  if (before->IsFunction()) {
    v8::TryCatch ignore(isolate);
    v8::Local<v8::Array> list = list_for(before.As<v8::Function>(), args);
    v8::Local<v8::Value> given[] = {list, info.This()};
    if (before.As<v8::Function>()->Call(context, v8::Undefined(isolate), 2, given).ToLocal(&note)) {
      args.resize(list->Length(), v8::Undefined(isolate));
      for (uint32_t i = 0; i < args.size(); i++) drop(list->Get(context, i).ToLocal(&args[i]));
    } else {
      note = v8::Undefined(isolate);
      if (ignore.HasTerminated()) return;
    }
  }
  v8::Local<v8::Function> function = original.As<v8::Function>();
  v8::Local<v8::Value> result;
  if (!after->IsFunction()) {
    if (function->Call(context, info.This(), static_cast<int>(args.size()), args.data()).ToLocal(&result))
      info.GetReturnValue().Set(result);
    return;
  }
  v8::TryCatch outcome(isolate);
  v8::Local<v8::Value> thrown = v8::Undefined(isolate);
  if (function->Call(context, info.This(), static_cast<int>(args.size()), args.data()).ToLocal(&result))
    info.GetReturnValue().Set(result);
  else if (outcome.HasTerminated())
    return;
  else
    thrown = outcome.Exception();
  if (Agent *agent = agent_current(); agent && outcome.HasCaught() && !outcome.Message().IsEmpty())
    uncaught_keep(agent, outcome.Message(), thrown);
  if (result.IsEmpty()) result = v8::Undefined(isolate);
  {
    v8::TryCatch ignore(isolate);
    v8::Local<v8::Value> given[] = {note, result, thrown};
    drop(after.As<v8::Function>()->Call(context, v8::Undefined(isolate), 3, given));
  }
  if (outcome.HasCaught()) outcome.ReThrow();
}

/* A function of the embedder's interface, which no stack trace shows. Its data: three values. */
Napi::Value made(Napi::Env env, v8::FunctionCallback callback, v8::Local<v8::Value> *slots, int length,
                 const char *name) {
  v8::Isolate *isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Function> function;
  v8::Local<v8::String> shown;
  if (!v8::Function::New(context, callback, v8::Array::New(isolate, slots, 3), length, v8::ConstructorBehavior::kThrow)
           .ToLocal(&function))
    return env.Undefined();
  if (v8::String::NewFromUtf8(isolate, name).ToLocal(&shown)) function->SetName(shown);
  v8::Local<v8::Value> value = function;
  napi_value raw;
  memcpy(&raw, static_cast<void *>(&value), sizeof raw);
  return Napi::Value(env, raw);
}

/* Leads from a function of ours to the one that it wraps. */
v8::Local<v8::Private> wrapped_key(v8::Isolate *isolate) {
  return v8::Private::ForApi(isolate, v8::String::NewFromUtf8Literal(isolate, "polyprobe wrapped"));
}

/* wrap(original, before, after?) → a function with the original's name and length */
Napi::Value wrap(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (!info[0].IsFunction()) {
    Napi::TypeError::New(env, "wrap: expected a function").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  v8::Isolate *isolate = v8::Isolate::GetCurrent();
  v8::Local<v8::Function> original = to_v8(info[0]).As<v8::Function>();
  v8::Local<v8::Value> slots[] = {original, to_v8(info[1]), to_v8(info[2])};
  v8::Local<v8::Value> length;
  int count = 0;
  if (original->Get(isolate->GetCurrentContext(), v8::String::NewFromUtf8Literal(isolate, "length")).ToLocal(&length) &&
      length->IsInt32())
    count = length.As<v8::Int32>()->Value();
  v8::String::Utf8Value name(isolate, original->GetName());
  Napi::Value function = made(env, on_call, slots, count, *name ? *name : "");
  if (function.IsFunction())
    drop(to_v8(function).As<v8::Object>()->SetPrivate(isolate->GetCurrentContext(), wrapped_key(isolate), original));
  return function;
}

/* isBuiltin(value) → whether it is a function of Node's own JavaScript */
Napi::Value is_builtin(const Napi::CallbackInfo &info) {
  v8::Local<v8::Value> value = to_v8(info[0]);
  if (!value->IsFunction()) return Napi::Boolean::New(info.Env(), false);
  v8::Local<v8::Value> script = value.As<v8::Function>()->GetScriptOrigin().ResourceName();
  if (script.IsEmpty() || !script->IsString()) return Napi::Boolean::New(info.Env(), false);
  v8::String::Utf8Value name(v8::Isolate::GetCurrent(), script);
  return Napi::Boolean::New(info.Env(), *name && strncmp(*name, "node:", 5) == 0);
}

enum TextSlot {
  TEXT,
  MARKER,
  RESTORE
};

/*
 * What gives a text: as written, not as instrumented. Only texts with the marker cost more than before. Of a function of
 * ours, Function.prototype.toString gives the text of the one that it wraps.
 */
void on_text(const Info &info) {
  v8::Isolate *isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Array> slots = info.Data().As<v8::Array>();
  v8::Local<v8::Value> original, marker, restore, text, self = info.This(), wrapped;
  if (self->IsFunction() && self.As<v8::Object>()->GetPrivate(context, wrapped_key(isolate)).ToLocal(&wrapped) &&
      wrapped->IsFunction())
    self = wrapped;
  if (!slots->Get(context, TEXT).ToLocal(&original) ||
      !original.As<v8::Function>()->Call(context, self, 0, nullptr).ToLocal(&text))
    return;
  info.GetReturnValue().Set(text);
  if (!text->IsString() || !slots->Get(context, MARKER).ToLocal(&marker)) return;
  v8::String::Utf8Value bytes(isolate, text), sought(isolate, marker);
  if (!*bytes || !*sought || !strstr(*bytes, *sought)) return;
  v8::TryCatch ignore(isolate);
  v8::Local<v8::Value> restored;
  if (slots->Get(context, RESTORE).ToLocal(&restore) &&
      restore.As<v8::Function>()->Call(context, v8::Undefined(isolate), 1, &text).ToLocal(&restored) &&
      restored->IsString())
    info.GetReturnValue().Set(restored);
}

/* wrapText(original, marker, restore) */
Napi::Value wrap_text(const Napi::CallbackInfo &info) {
  v8::Local<v8::Value> slots[] = {to_v8(info[0]), to_v8(info[1]), to_v8(info[2])};
  v8::String::Utf8Value name(v8::Isolate::GetCurrent(), slots[TEXT].As<v8::Function>()->GetName());
  return made(info.Env(), on_text, slots, 0, *name ? *name : "");
}

/* Between V8, which has the call sites, and Node, which knows the program's own formatter. */
v8::MaybeLocal<v8::Value> on_stack_trace(v8::Local<v8::Context> context, v8::Local<v8::Value> error,
                                         v8::Local<v8::Array> sites) {
  Agent *agent = agent_current();
  if (agent) sites = context_hide(agent, context, sites);
  if (agent && !agent->stack_sites.IsEmpty()) {
    v8::Isolate *isolate = agent->isolate;
    v8::TryCatch ignore(isolate);
    v8::Local<v8::Value> given[] = {sites, error}, corrected;
    if (agent->stack_sites.Get(isolate)->Call(context, v8::Undefined(isolate), 2, given).ToLocal(&corrected) &&
        corrected->IsArray())
      sites = corrected.As<v8::Array>();
  }
  return node::PrepareStackTraceCallback(context, error, sites);
}

enum ReadSlot {
  READ,
  CHANGE,
  URL
};

/* Whether Node's loader for ES modules asks, or does so through what the program has put in between. */
bool loader_asks(v8::Isolate *isolate) {
  constexpr int NEAR = 3;
  v8::Local<v8::String> loader = v8::String::NewFromUtf8Literal(isolate, "node:internal/modules/esm/load");
  v8::Local<v8::StackTrace> stack = v8::StackTrace::CurrentStackTrace(isolate, NEAR, v8::StackTrace::kScriptName);
  for (int i = 0; i < stack->GetFrameCount(); i++) {
    v8::Local<v8::String> script = stack->GetFrame(isolate, static_cast<uint32_t>(i))->GetScriptName();
    if (!script.IsEmpty() && script->StringEquals(loader)) return true;
  }
  return false;
}

/* The file has been read: its text becomes another, or stays. */
void on_was_read(const Info &info) {
  v8::Isolate *isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Array> slots = info.Data().As<v8::Array>();
  v8::Local<v8::Value> change, url, text;
  info.GetReturnValue().Set(info[0]);
  if (!slots->Get(context, CHANGE).ToLocal(&change) || !slots->Get(context, URL).ToLocal(&url)) return;
  v8::TryCatch ignore(isolate);
  v8::Local<v8::Value> given[] = {url, info[0]};
  if (change.As<v8::Function>()->Call(context, v8::Undefined(isolate), 2, given).ToLocal(&text) && text->IsString())
    info.GetReturnValue().Set(text);
}

void on_read(const Info &info) {
  v8::Isolate *isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Array> slots = info.Data().As<v8::Array>();
  v8::Local<v8::Value> original, change, result;
  if (!slots->Get(context, READ).ToLocal(&original)) return;
  std::vector<v8::Local<v8::Value>> args;
  for (int i = 0; i < info.Length(); i++) args.push_back(info[i]);
  if (!original.As<v8::Function>()
           ->Call(context, info.This(), static_cast<int>(args.size()), args.data())
           .ToLocal(&result))
    return;
  info.GetReturnValue().Set(result);
  if (args.size() != 1 || !args[0]->IsObject() || !result->IsPromise() || !loader_asks(isolate)) return;
  v8::TryCatch ignore(isolate);
  v8::Local<v8::Function> handler;
  v8::Local<v8::Promise> changed;
  if (!slots->Get(context, CHANGE).ToLocal(&change)) return;
  v8::Local<v8::Value> noted[] = {original, change, args[0]};
  if (v8::Function::New(context, on_was_read, v8::Array::New(isolate, noted, 3), 1, v8::ConstructorBehavior::kThrow)
          .ToLocal(&handler) &&
      result.As<v8::Promise>()->Then(context, handler).ToLocal(&changed))
    info.GetReturnValue().Set(changed);
}

/* wrapRead(original, change) */
Napi::Value wrap_read(const Napi::CallbackInfo &info) {
  v8::Local<v8::Value> slots[] = {to_v8(info[0]), to_v8(info[1]), v8::Undefined(v8::Isolate::GetCurrent())};
  Napi::Value ours = made(info.Env(), on_read, slots, 2, "readFile");
  /* It is an asynchronous function as far as its constructor goes. */
  v8::Local<v8::Context> context = v8::Isolate::GetCurrent()->GetCurrentContext();
  if (ours.IsFunction())
    drop(to_v8(ours).As<v8::Object>()->SetPrototype(context, to_v8(info[0]).As<v8::Object>()->GetPrototype()));
  return ours;
}

/* stackUsed() → kilobytes of this thread's stack that are in use beyond what was at the first call */
Napi::Value stack_used(const Napi::CallbackInfo &info) {
  static thread_local const char *base;
  char here;
  const char *place = &here;
  if (!base || place > base) base = place;
  return Napi::Number::New(info.Env(), static_cast<double>((base - place) / 1024));
}

/* onStackTrace((sites, error) → sites) */
void on_stack_trace_hook(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  if (!agent || !info[0].IsFunction()) return;
  agent->stack_sites.Reset(agent->isolate, to_v8(info[0]).As<v8::Function>());
  stack_traces_hook(agent);
}

} // namespace

void stack_traces_hook(Agent *agent) { agent->isolate->SetPrepareStackTraceCallback(on_stack_trace); }

void wrap_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("wrap", Napi::Function::New(env, wrap, "wrap"));
  exports.Set("isBuiltin", Napi::Function::New(env, is_builtin, "isBuiltin"));
  exports.Set("wrapText", Napi::Function::New(env, wrap_text, "wrapText"));
  exports.Set("wrapRead", Napi::Function::New(env, wrap_read, "wrapRead"));
  exports.Set("stackUsed", Napi::Function::New(env, stack_used, "stackUsed"));
  exports.Set("onStackTrace", Napi::Function::New(env, on_stack_trace_hook, "onStackTrace"));
}

} // namespace polyprobe
