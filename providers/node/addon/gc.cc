/*
 * gc: gc__start and gc__done, from V8's own callbacks around each collection, present only while traced.
 * They run on the isolate's thread inside the collector: nothing of V8's may be allocated.
 */
#include <ctime>

#include "agent.h"

namespace polyprobe {

namespace {

struct Kind {
  const char *name;
  uint64_t generation;
};

/* By the bit of v8::GCType. */
const Kind KINDS[5] = {
    {"scavenge", 0}, {"minor-mark-sweep", 0}, {"mark-sweep", 1}, {"incremental", 1}, {"weak-callbacks", 1}};

int index_of(v8::GCType type) {
  int index = __builtin_ctz(static_cast<unsigned>(type) | 1u << 31);
  return index < 5 ? index : 2;
}

uint64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t heap_bytes(v8::Isolate *isolate) {
  v8::HeapStatistics statistics;
  isolate->GetHeapStatistics(&statistics);
  return statistics.used_heap_size();
}

void on_start(v8::Isolate *isolate, v8::GCType type, v8::GCCallbackFlags, void *data) {
  auto *agent = static_cast<Agent *>(data);
  int index = index_of(type);
  uint64_t heap = heap_bytes(isolate);
  bool is_told = POLYPROBE_ARMED(polyprobe_node_gc__start);
  if (is_told) {
    polyprobe_touch(KINDS[index].name, 1);
    polyprobe_node_gc__start(KINDS[index].name, KINDS[index].generation, heap);
  }
  agent->collection[index] = {now_ns(), heap, is_told};
}

void on_done(v8::Isolate *isolate, v8::GCType type, v8::GCCallbackFlags, void *data) {
  auto *agent = static_cast<Agent *>(data);
  int index = index_of(type);
  uint64_t end = now_ns();
  auto start = agent->collection[index];
  agent->collection[index] = {};
  /* It began before the tracer came, or before it had come to gc__start. */
  if (start.start_ns == 0 || (!start.is_told && POLYPROBE_ARMED(polyprobe_node_gc__start))) return;
  if (POLYPROBE_ARMED(polyprobe_node_gc__done)) {
    polyprobe_touch(KINDS[index].name, 1);
    polyprobe_node_gc__done(KINDS[index].name, KINDS[index].generation, start.heap_bytes, heap_bytes(isolate),
                            end - start.start_ns);
  }
}

} // namespace

void gc_hook(Agent *agent, ProbeSet before, ProbeSet now) {
  bool were = before & GC_PROBES, are = now & GC_PROBES;
  if (are && !were) {
    agent->isolate->AddGCPrologueCallback(on_start, agent);
    agent->isolate->AddGCEpilogueCallback(on_done, agent);
  } else if (were && !are) {
    agent->isolate->RemoveGCPrologueCallback(on_start, agent);
    agent->isolate->RemoveGCEpilogueCallback(on_done, agent);
  }
}

} // namespace polyprobe
