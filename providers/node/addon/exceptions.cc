/*
 * exceptions: exception__thrown.
 *
 * V8 has no hook for throws outside its debugger, which stops the program and runs the exception's own getters. So a throw
 * statement of instrumented code fires where it stands; what the engine or other code throws fires where instrumented code
 * (a catch clause) or the process (uncaught) first sees it. A private mark, invisible to the program, says that a value has
 * fired and hasn't been caught yet, so that nothing is told twice, and a value thrown again is told again.
 *
 * No code of the program runs here: class and message are read without getters or proxies.
 */
#include <cstring>

#include "agent.h"

namespace polyprobe {

namespace {

/* UTF-8 of a value in a fixed buffer: no allocation, and cut at a whole character. */
struct Text {
  char bytes[512];
  size_t length = 0;
  void set(const char *from) {
    length = strnlen(from, sizeof bytes - 1);
    memcpy(bytes, from, length);
    bytes[length] = '\0';
  }
  void set(v8::Isolate *isolate, v8::Local<v8::String> from) {
    length = static_cast<size_t>(from->WriteUtf8(isolate, bytes, sizeof bytes - 1, nullptr,
                                                 v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8));
    bytes[length] = '\0';
  }
};

v8::Local<v8::String> string(v8::Isolate *isolate, const char *text) {
  return v8::String::NewFromUtf8(isolate, text, v8::NewStringType::kInternalized).ToLocalChecked();
}

void class_of(Agent *agent, v8::Local<v8::Value> value, Text *text) {
  v8::Isolate *isolate = agent->isolate;
  if (value->IsProxy())
    text->set("Proxy");
  else if (value->IsObject())
    text->set(isolate, value.As<v8::Object>()->GetConstructorName());
  else
    text->set(isolate, value->TypeOf(isolate));
}

void message_of(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value, Text *text) {
  v8::Isolate *isolate = agent->isolate;
  text->set("");
  if (value->IsProxy()) return;
  if (!value->IsObject()) {
    v8::Local<v8::String> shown;
    if (!value->IsSymbol() && value->ToString(context).ToLocal(&shown)) text->set(isolate, shown);
    return;
  }
  v8::Local<v8::Value> descriptor, message;
  /* The property itself, not what a getter would say. */
  if (!value.As<v8::Object>()->GetOwnPropertyDescriptor(context, string(isolate, "message")).ToLocal(&descriptor) ||
      !descriptor->IsObject())
    return;
  /* A getter's descriptor has no value of its own, but the program may have put one on Object.prototype. */
  if (!descriptor.As<v8::Object>()->HasOwnProperty(context, string(isolate, "value")).FromMaybe(false)) return;
  if (descriptor.As<v8::Object>()->Get(context, string(isolate, "value")).ToLocal(&message) && message->IsString())
    text->set(isolate, message.As<v8::String>());
}

void fire(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value, const char *function,
          const char *file, uint64_t line) {
  Text class_name, message;
  class_of(agent, value, &class_name);
  message_of(agent, context, value, &message);
  polyprobe_touch(function, strlen(function));
  polyprobe_touch(file, strlen(file));
  polyprobe_node_exception__thrown(agent->request, class_name.bytes, message.bytes, function, file, line);
}

v8::Local<v8::Private> key(Agent *agent) {
  if (agent->thrown_key.IsEmpty()) agent->thrown_key.Reset(agent->isolate, v8::Private::New(agent->isolate));
  return agent->thrown_key.Get(agent->isolate);
}

void remember(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  if (value->IsObject())
    drop(value.As<v8::Object>()->SetPrivate(context, key(agent), v8::True(agent->isolate)));
  else
    agent->thrown_primitive.Reset(agent->isolate, value);
}

int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  digit |= 0x20;
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* An ES module's script is named by a URL, its file by a path. */
void url_to_path(Text *text) {
  constexpr size_t PREFIX = sizeof "file://" - 1;
  if (strncmp(text->bytes, "file://", PREFIX) != 0) return;
  size_t end = text->length, to = 0;
  for (size_t from = PREFIX; from < end; from++) {
    char byte = text->bytes[from];
    if (byte == '?' || byte == '#') break;
    int high = byte == '%' && from + 2 < end ? hex(text->bytes[from + 1]) : -1;
    int low = high >= 0 ? hex(text->bytes[from + 2]) : -1;
    if (low >= 0) byte = static_cast<char>(high * 16 + low), from += 2;
    text->bytes[to++] = byte;
  }
  text->bytes[to] = '\0';
  text->length = to;
}

/* Whether a value has fired and not been caught since; forgets it. */
bool forget(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  if (value->IsObject()) {
    v8::Local<v8::Object> object = value.As<v8::Object>();
    if (!object->HasPrivate(context, key(agent)).FromMaybe(false)) return false;
    drop(object->DeletePrivate(context, key(agent)));
    return true;
  }
  if (agent->thrown_primitive.IsEmpty() || !agent->thrown_primitive.Get(agent->isolate)->SameValue(value)) return false;
  agent->thrown_primitive.Reset();
  return true;
}

} // namespace

void exceptions_thrown(Agent *agent, const FunctionName *function, v8::Local<v8::Value> value, uint32_t line) {
  if (!POLYPROBE_ARMED(polyprobe_node_exception__thrown)) return;
  v8::HandleScope scope(agent->isolate);
  v8::TryCatch ignore(agent->isolate);
  v8::Local<v8::Context> context = agent->isolate->GetCurrentContext();
  if (line == 0) {
    v8::Local<v8::StackTrace> here = v8::StackTrace::CurrentStackTrace(agent->isolate, 1);
    if (here->GetFrameCount() > 0) line = static_cast<uint32_t>(here->GetFrame(agent->isolate, 0)->GetLineNumber());
  }
  fire(agent, context, value, function->name, function->file, line);
  remember(agent, context, value);
}

void exceptions_seen(Agent *agent, const FunctionName *function, v8::Local<v8::Value> value) {
  v8::HandleScope scope(agent->isolate);
  v8::TryCatch ignore(agent->isolate);
  v8::Local<v8::Context> context = agent->isolate->GetCurrentContext();
  if (!POLYPROBE_ARMED(polyprobe_node_exception__thrown) || forget(agent, context, value)) return;
  Text file;
  uint64_t line = 0;
  file.set(function ? function->file : "");
  v8::Local<v8::Message> message = v8::Exception::CreateMessage(agent->isolate, value);
  if (!message.IsEmpty()) {
    v8::Local<v8::Value> resource = message->GetScriptResourceName();
    /* Without a name it isn't a place in a file: JSON.parse counts the lines of what it parsed. */
    if (resource->IsString()) {
      file.set(agent->isolate, resource.As<v8::String>());
      url_to_path(&file);
      line = static_cast<uint64_t>(message->GetLineNumber(context).FromMaybe(0));
    }
  }
  fire(agent, context, value, "", file.bytes, line);
}

} // namespace polyprobe
