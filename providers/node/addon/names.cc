#include "names.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <unordered_map>

#include "polyprobe.h"

namespace polyprobe {

namespace {
constexpr uint32_t CHUNK_BITS = 12;
constexpr uint32_t CHUNK = 1u << CHUNK_BITS;
constexpr uint32_t CHUNKS = 4096; /* 16.7 million functions: six hexadecimal digits, as instrument/ writes them */

std::atomic<FunctionName *> chunks[CHUNKS];
std::atomic<uint32_t> next{1};

std::mutex files_lock;
/* Never destroyed: threads may outlive the main one's static objects. */
std::unordered_map<std::string, bool> &files() {
  static auto *map = new std::unordered_map<std::string, bool>;
  return *map;
}

FunctionName *slot(uint32_t id, bool create) {
  std::atomic<FunctionName *> &place = chunks[id >> CHUNK_BITS];
  FunctionName *chunk = place.load(std::memory_order_acquire);
  if (!chunk && create) {
    auto *fresh = static_cast<FunctionName *>(calloc(CHUNK, sizeof(FunctionName)));
    if (!fresh) return nullptr;
    if (place.compare_exchange_strong(chunk, fresh, std::memory_order_acq_rel))
      chunk = fresh;
    else
      free(fresh); /* another thread was first */
  }
  return chunk ? &chunk[id & (CHUNK - 1)] : nullptr;
}
} // namespace

uint32_t names_reserve(uint32_t count) {
  uint32_t first = next.load(std::memory_order_relaxed);
  do {
    if (count > CHUNKS * CHUNK - first) return 0;
  } while (!next.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
  return first;
}

void names_set(uint32_t id, const char *scope, size_t scope_length, const char *name, size_t name_length,
               const char *file, size_t file_length, uint32_t line) {
  FunctionName *entry = slot(id, true);
  if (!entry) return;
  entry->scope = polyprobe_intern(scope, scope_length);
  entry->name = polyprobe_intern(name, name_length);
  entry->line = line;
  entry->scope_length = static_cast<uint32_t>(scope_length);
  entry->name_length = static_cast<uint32_t>(name_length);
  entry->file_length = static_cast<uint32_t>(file_length);
  const char *path = polyprobe_intern(file, file_length);
  /* Last, with a barrier: names_get takes an entry with a file as whole. */
  __atomic_store_n(&entry->file, path, __ATOMIC_RELEASE);
}

void names_file_add(const std::string &file, bool is_mapped) {
  std::lock_guard<std::mutex> hold(files_lock);
  files()[file] = is_mapped;
}

bool names_file_is_mapped(const std::string &file) {
  std::lock_guard<std::mutex> hold(files_lock);
  auto found = files().find(file);
  return found != files().end() && found->second;
}

bool names_file_has(const std::string &file) {
  std::lock_guard<std::mutex> hold(files_lock);
  return files().count(file) != 0;
}

const FunctionName *names_get(uint32_t id) {
  if (id >= CHUNKS * CHUNK) return nullptr;
  const FunctionName *entry = slot(id, false);
  return entry && __atomic_load_n(&entry->file, __ATOMIC_ACQUIRE) ? entry : nullptr;
}

} // namespace polyprobe
