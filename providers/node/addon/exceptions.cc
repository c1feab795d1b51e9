/*
 * exceptions: exception__thrown.
 *
 * V8 has no hook for throws outside its debugger, which stops the program and runs the exception's own getters. So a throw
 * statement of instrumented code fires where it stands, each time; what the engine or other code throws fires where it is
 * first seen: by a catch clause of instrumented code, by a promise that it rejects (rejections.cc), or by the process when
 * nobody has caught it. A private mark, invisible to the program, says of an object that it has fired. Values that can't
 * be marked are kept for a while, to recognise them.
 *
 * No code of the program runs here: class and message are read without getters or proxies.
 */
#include <cstring>

#include "agent.h"
#include "uncaught.h"

namespace polyprobe {

namespace {

/* UTF-8 of a value in a fixed buffer: no allocation, and cut at a whole character. */
struct Text {
  char bytes[512];
  size_t length = 0;
  /* What nobody sets is "", and not what the stack held before. */
  Text() { bytes[0] = '\0'; }
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

/*
 * A property itself, not what a getter would say.
 * @return whether there is one
 */
bool property_of(v8::Local<v8::Context> context, v8::Local<v8::Object> holder, v8::Local<v8::String> name,
                 v8::Local<v8::Value> *value) {
  v8::Isolate *isolate = context->GetIsolate();
  /* The global object of a context made by node:vm asks another object, which may be a proxy. */
  v8::Local<v8::Context> home;
  if (holder->GetCreationContext().ToLocal(&home) && home->Global() == holder) return true;
  v8::Local<v8::Value> descriptor;
  if (!holder->GetOwnPropertyDescriptor(context, name).ToLocal(&descriptor)) return true;
  if (!descriptor->IsObject()) return false;
  /* A getter's descriptor has no value of its own, but the program may have put one on Object.prototype. */
  v8::Local<v8::Object> found = descriptor.As<v8::Object>();
  if (found->HasOwnProperty(context, string(isolate, "value")).FromMaybe(false))
    drop(found->Get(context, string(isolate, "value")).ToLocal(value));
  return true;
}

/*
 * An error's class by what it inherits from. V8 says what made it, which is Error for a class that a compiler has written for
 * old engines, and for a DOMException (Node 22).
 */
bool error_class(v8::Local<v8::Context> context, v8::Local<v8::Object> error, Text *text) {
  v8::Isolate *isolate = context->GetIsolate();
  v8::Local<v8::Object> holder = error;
  /* A class without a name is told by the one that it extends. Instrumented code may have given it one of ours. */
  for (int depth = 0; depth < 8; depth++) {
    v8::Local<v8::Value> parent = holder->GetPrototype(), constructor = v8::Undefined(isolate);
    if (!parent->IsObject() || parent->IsProxy()) return false;
    holder = parent.As<v8::Object>();
    property_of(context, holder, string(isolate, "constructor"), &constructor);
    if (!constructor->IsFunction() || constructor->IsProxy()) continue;
    v8::Local<v8::Value> name = constructor.As<v8::Function>()->GetDebugName();
    if (!name->IsString()) continue;
    text->set(isolate, name.As<v8::String>());
    if (text->length > 0 && strncmp(text->bytes, "__pp_", 5) != 0) return true;
  }
  return false;
}

void class_of(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value, Text *text) {
  v8::Isolate *isolate = agent->isolate;
  if (value->IsProxy())
    text->set("Proxy");
  else if (value->IsNativeError() && error_class(context, value.As<v8::Object>(), text))
    return;
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
    /* The digits of a huge integer take the square of their number. */
    bool is_huge = value->IsBigInt() && value.As<v8::BigInt>()->WordCount() > 16;
    if (!value->IsSymbol() && !is_huge && value->ToString(context).ToLocal(&shown)) text->set(isolate, shown);
    return;
  }
  v8::Local<v8::Value> message = v8::Undefined(isolate);
  v8::Local<v8::Object> holder = value.As<v8::Object>();
  /* A class may have one for all. Longer chains than these aren't for us to climb. */
  for (int depth = 0; depth < 8 && !property_of(context, holder, string(isolate, "message"), &message); depth++) {
    v8::Local<v8::Value> parent = holder->GetPrototype();
    if (!parent->IsObject() || parent->IsProxy()) return;
    holder = parent.As<v8::Object>();
  }
  if (message->IsString()) text->set(isolate, message.As<v8::String>());
}

void fire(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value, const char *function,
          const char *file, uint64_t line) {
  Text class_name, message;
  class_of(agent, context, value, &class_name);
  message_of(agent, context, value, &message);
  polyprobe_touch(function, strlen(function));
  polyprobe_touch(file, strlen(file));
  polyprobe_node_exception__thrown(agent->request, class_name.bytes, message.bytes, function, file, line);
}

v8::Local<v8::Private> key(Agent *agent) {
  if (agent->thrown_key.IsEmpty()) agent->thrown_key.Reset(agent->isolate, v8::Private::New(agent->isolate));
  return agent->thrown_key.Get(agent->isolate);
}

bool is_marked(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  return value->IsObject() && value.As<v8::Object>()->HasPrivate(context, key(agent)).FromMaybe(false);
}

void remember(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  if (value->IsObject()) {
    drop(value.As<v8::Object>()->SetPrivate(context, key(agent), v8::True(agent->isolate)));
    return;
  }
  agent->told_last = (agent->told_last + 1) % Agent::TOLD;
  agent->told[agent->told_last].Reset(agent->isolate, value);
}

/* A value that isn't an object, among those that have fired: its place, or -1. */
int find(Agent *agent, v8::Local<v8::Value> value) {
  for (int i = 0; i < Agent::TOLD; i++)
    if (!agent->told[i].IsEmpty() && agent->told[i].Get(agent->isolate)->SameValue(value)) return i;
  return -1;
}

int hex(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  digit |= 0x20;
  return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* An ES module's script is named by a URL, its file by a path. @return whether it was one */
bool url_to_path(Text *text) {
  constexpr size_t PREFIX = sizeof "file://" - 1;
  if (strncmp(text->bytes, "file://", PREFIX) != 0) return false;
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
  return true;
}

struct Place {
  Text file;
  uint64_t line = 0;
};

/* Whether a message's place is merely where we are, which V8 says of values that it knows no place of. */
bool is_here(v8::Isolate *isolate, v8::Local<v8::Context> context, v8::Local<v8::Message> message) {
  v8::Local<v8::StackTrace> stack = v8::StackTrace::CurrentStackTrace(isolate, 1);
  if (stack->GetFrameCount() == 0) return false;
  v8::Local<v8::StackFrame> frame = stack->GetFrame(isolate, 0);
  return frame->GetScriptId() == message->GetScriptOrigin().ScriptId() &&
         frame->GetLineNumber() == message->GetLineNumber(context).FromMaybe(0) &&
         frame->GetColumn() == message->GetStartColumn() + 1;
}

/* A place in a file that a compiler made becomes the place in what it was made of. Our own code runs, none of the program's. */
void to_original(Agent *agent, v8::Local<v8::Context> context, bool is_module, int column, Place *place) {
  if (agent->original_place.IsEmpty() || !names_file_is_mapped(place->file.bytes)) return;
  v8::Isolate *isolate = agent->isolate;
  v8::Local<v8::String> file;
  if (!v8::String::NewFromUtf8(isolate, place->file.bytes).ToLocal(&file)) return;
  v8::Local<v8::Value> given[] = {file, v8::Boolean::New(isolate, is_module),
                                  v8::Number::New(isolate, static_cast<double>(place->line)),
                                  v8::Number::New(isolate, column)};
  v8::Local<v8::Value> found, path, line;
  if (!agent->original_place.Get(isolate)->Call(context, v8::Undefined(isolate), 4, given).ToLocal(&found) ||
      !found->IsArray() || !found.As<v8::Array>()->Get(context, 0).ToLocal(&path) || !path->IsString() ||
      !found.As<v8::Array>()->Get(context, 1).ToLocal(&line) || !line->IsUint32())
    return;
  place->file.set(isolate, path.As<v8::String>());
  place->line = line.As<v8::Uint32>()->Value();
}

/* Where a value was made, if V8 knows: it forgets when an error's stack is asked for. */
void place_of(Agent *agent, v8::Local<v8::Context> context, v8::Local<v8::Value> value, Place *place) {
  v8::Local<v8::Message> message = uncaught_message(agent, value);
  if (message.IsEmpty()) return;
  v8::Local<v8::Value> resource = message->GetScriptResourceName();
  /* Without a name it isn't a place in a file: JSON.parse counts the lines of what it parsed. */
  if (!resource->IsString() || is_here(agent->isolate, context, message)) return;
  place->file.set(agent->isolate, resource.As<v8::String>());
  bool is_module = url_to_path(&place->file);
  place->line = static_cast<uint64_t>(message->GetLineNumber(context).FromMaybe(0));
  to_original(agent, context, is_module, message->GetStartColumn(), place);
}

} // namespace

void exceptions_thrown(Agent *agent, const FunctionName *function, v8::Local<v8::Value> value, uint32_t line) {
  if (!POLYPROBE_ARMED(polyprobe_node_exception__thrown)) return;
  rejections_look(agent);
  v8::HandleScope scope(agent->isolate);
  v8::TryCatch ignore(agent->isolate);
  v8::Local<v8::Context> context = agent->isolate->GetCurrentContext();
  if (line == 0) {
    v8::Local<v8::StackTrace> here = v8::StackTrace::CurrentStackTrace(agent->isolate, 1);
    if (here->GetFrameCount() > 0) line = static_cast<uint32_t>(here->GetFrame(agent->isolate, 0)->GetLineNumber());
  }
  fire(agent, context, value, function->name, function->file, line);
  remember(agent, context, value);
  agent->just_thrown = !value->IsObject();
}

void exceptions_seen(Agent *agent, const FunctionName *function, v8::Local<v8::Value> value) {
  if (!POLYPROBE_ARMED(polyprobe_node_exception__thrown)) return;
  rejections_look(agent);
  v8::HandleScope scope(agent->isolate);
  v8::TryCatch ignore(agent->isolate);
  v8::Local<v8::Context> context = agent->isolate->GetCurrentContext();
  agent->just_thrown = false;
  if (is_marked(agent, context, value)) return;
  if (!value->IsObject()) {
    int told = find(agent, value);
    if (told >= 0) {
      agent->told[told].Reset(); /* the next one that is the same will be another */
      return;
    }
  }
  Place place;
  place.file.set(function ? function->file : "");
  place_of(agent, context, value, &place);
  fire(agent, context, value, "", place.file.bytes, place.line);
  /* Caught, so a value that is no object has had its time. */
  if (value->IsObject()) remember(agent, context, value);
}

void exceptions_rejected(Agent *agent, v8::Local<v8::Value> value, bool is_passed_on, bool may_be_passed_on) {
  if (!POLYPROBE_ARMED(polyprobe_node_exception__thrown)) return;
  v8::TryCatch ignore(agent->isolate);
  v8::Local<v8::Context> context = agent->context.Get(agent->isolate);
  v8::Context::Scope context_scope(context);
  bool just_thrown = agent->just_thrown;
  agent->just_thrown = false;
  if (is_marked(agent, context, value)) return;
  if (!value->IsObject()) {
    if (is_passed_on) return;
    int told = find(agent, value);
    if (told >= 0 && (may_be_passed_on || (just_thrown && told == agent->told_last))) return;
  }
  Place place;
  place_of(agent, context, value, &place);
  fire(agent, context, value, "", place.file.bytes, place.line);
  remember(agent, context, value);
}

} // namespace polyprobe
