#include "fire.h"

#include <cmath>

#include "agent.h"
#include "context.h"

namespace polyprobe {

namespace {

/* One string argument of an event, on the stack: freshly written, so a tracer can read it. */
struct Argument {
  char bytes[1024];
  explicit Argument(const Napi::Value &value) {
    size_t length = 0;
    if (napi_get_value_string_utf8(value.Env(), value, bytes, sizeof bytes, &length) != napi_ok) length = 0;
    bytes[length] = '\0';
  }
  explicit Argument(const char *text) { snprintf(bytes, sizeof bytes, "%s", text); }
};

/* Ids are 64 bits; JavaScript holds the low 32, the high ones are the same for the whole process. */
uint64_t id_of(const Napi::Value &value) {
  return request_of_low(value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : 0);
}

uint64_t number_of(const Napi::Value &value) {
  double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  return number > 0 && std::isfinite(number) ? static_cast<uint64_t>(number) : 0;
}

uint64_t request_now() {
  Agent *agent = agent_current();
  return agent ? agent->request : 0;
}

/* A start was told: so will be its end, even if the process ends first. */
void opened(uint64_t id, uint64_t request, bool is_call) {
  if (Agent *agent = agent_current()) agent->exchanges[id] = Exchange{uv_hrtime(), request, is_call};
}

void closed(uint64_t id) {
  if (Agent *agent = agent_current()) agent->exchanges.erase(id);
}

/* forgetExchanges(areCalls): their tracer is gone */
void forget_exchanges(const Napi::CallbackInfo &info) {
  Agent *agent = agent_current();
  if (!agent) return;
  bool are_calls = info[0].ToBoolean();
  for (auto at = agent->exchanges.begin(); at != agent->exchanges.end();)
    at = at->second.is_call == are_calls ? agent->exchanges.erase(at) : std::next(at);
}

/* newId() → the low half of a new id, never 0 */
Napi::Value new_id(const Napi::CallbackInfo &info) {
  uint32_t low;
  do low = static_cast<uint32_t>(polyprobe_request_id());
  while (low == 0);
  return Napi::Number::New(info.Env(), low);
}

/* requestStart(id, protocol, method, target, peer, traceparent) → whether somebody was told */
Napi::Value request_start(const Napi::CallbackInfo &info) {
  if (!POLYPROBE_ARMED(polyprobe_node_request__start)) return Napi::Boolean::New(info.Env(), false);
  Argument protocol(info[1]), method(info[2]), target(info[3]), peer(info[4]), traceparent(info[5]);
  polyprobe_node_request__start(id_of(info[0]), protocol.bytes, method.bytes, target.bytes, peer.bytes,
                                traceparent.bytes);
  opened(id_of(info[0]), 0, false);
  return Napi::Boolean::New(info.Env(), true);
}

/*
 * requestDone(id, status, sentBytes, durationNs, error, wasTold)
 * Who listens for starts isn't told of the end of what it wasn't told the start of.
 */
void request_done(const Napi::CallbackInfo &info) {
  closed(id_of(info[0]));
  if (!POLYPROBE_ARMED(polyprobe_node_request__done)) return;
  if (!info[5].ToBoolean() && POLYPROBE_ARMED(polyprobe_node_request__start)) return;
  Argument error(info[4]);
  polyprobe_node_request__done(id_of(info[0]), number_of(info[1]), number_of(info[2]), number_of(info[3]), error.bytes);
}

/* callStart(id, request, protocol, method, target, traceparent) → whether somebody was told */
Napi::Value call_start(const Napi::CallbackInfo &info) {
  if (!POLYPROBE_ARMED(polyprobe_node_call__start)) return Napi::Boolean::New(info.Env(), false);
  Argument protocol(info[2]), method(info[3]), target(info[4]), traceparent(info[5]);
  polyprobe_node_call__start(id_of(info[0]), id_of(info[1]), protocol.bytes, method.bytes, target.bytes,
                             traceparent.bytes);
  opened(id_of(info[0]), id_of(info[1]), true);
  return Napi::Boolean::New(info.Env(), true);
}

/* callDone(id, request, status, receivedBytes, durationNs, error, wasTold) */
void call_done(const Napi::CallbackInfo &info) {
  closed(id_of(info[0]));
  if (!POLYPROBE_ARMED(polyprobe_node_call__done)) return;
  if (!info[6].ToBoolean() && POLYPROBE_ARMED(polyprobe_node_call__start)) return;
  Argument error(info[5]);
  polyprobe_node_call__done(id_of(info[0]), id_of(info[1]), number_of(info[2]), number_of(info[3]), number_of(info[4]),
                            error.bytes);
}

/* loadStart(name, file) */
void load_start(const Napi::CallbackInfo &info) {
  if (!POLYPROBE_ARMED(polyprobe_node_load__start)) return;
  Argument name(info[0]), file(info[1]);
  polyprobe_node_load__start(request_now(), name.bytes, file.bytes);
}

/* loadDone(name, file, durationNs, error) */
void load_done(const Napi::CallbackInfo &info) {
  if (!POLYPROBE_ARMED(polyprobe_node_load__done)) return;
  Argument name(info[0]), file(info[1]), error(info[3]);
  polyprobe_node_load__done(request_now(), name.bytes, file.bytes, number_of(info[2]), error.bytes);
}

} // namespace

void fire_end(Agent *agent) {
  uint64_t now = uv_hrtime();
  for (const auto &[id, exchange] : agent->exchanges) {
    Argument error("exit");
    if (!exchange.is_call && POLYPROBE_ARMED(polyprobe_node_request__done))
      polyprobe_node_request__done(id, 0, 0, now - exchange.started, error.bytes);
    if (exchange.is_call && POLYPROBE_ARMED(polyprobe_node_call__done))
      polyprobe_node_call__done(id, exchange.request, 0, 0, now - exchange.started, error.bytes);
  }
  agent->exchanges.clear();
}

void fire_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("forgetExchanges", Napi::Function::New(env, forget_exchanges, "forgetExchanges"));
  exports.Set("newId", Napi::Function::New(env, new_id, "newId"));
  exports.Set("requestStart", Napi::Function::New(env, request_start, "requestStart"));
  exports.Set("requestDone", Napi::Function::New(env, request_done, "requestDone"));
  exports.Set("callStart", Napi::Function::New(env, call_start, "callStart"));
  exports.Set("callDone", Napi::Function::New(env, call_done, "callDone"));
  exports.Set("loadStart", Napi::Function::New(env, load_start, "loadStart"));
  exports.Set("loadDone", Napi::Function::New(env, load_done, "loadDone"));
}

} // namespace polyprobe
