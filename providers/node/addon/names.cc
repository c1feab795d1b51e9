#include "names.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>
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
/* By the first number. What has been interned is gone from here. */
std::mutex waiting_lock;
std::map<uint32_t, FileNames> &waiting() {
  static auto *map = new std::map<uint32_t, FileNames>;
  return *map;
}

void set(uint32_t id, const std::string_view (&texts)[3], uint32_t line) {
  FunctionName *entry = slot(id, true);
  if (!entry) return;
  entry->scope = polyprobe_intern(texts[0].data(), texts[0].size());
  entry->name = polyprobe_intern(texts[1].data(), texts[1].size());
  entry->line = line;
  entry->scope_length = static_cast<uint32_t>(texts[0].size());
  entry->name_length = static_cast<uint32_t>(texts[1].size());
  entry->file_length = static_cast<uint32_t>(texts[2].size());
  const char *path = polyprobe_intern(texts[2].data(), texts[2].size());
  /* Last, with a barrier: names_get takes an entry with a file as whole. */
  __atomic_store_n(&entry->file, path, __ATOMIC_RELEASE);
}

/* Interns the names of all functions of the file that a number belongs to. */
void intern(uint32_t id) {
  std::lock_guard<std::mutex> hold(waiting_lock);
  auto found = waiting().upper_bound(id);
  if (found == waiting().begin()) return;
  --found;
  const FileNames &names = found->second;
  if (id - found->first >= names.lines.size()) return;
  std::string_view rest = names.texts;
  for (uint32_t i = 0; i < names.lines.size(); i++) {
    std::string_view texts[3];
    for (std::string_view &text : texts) {
      text = rest.substr(0, rest.find('\0'));
      rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    }
    if (texts[0].empty()) texts[0] = names.module;
    if (texts[2].empty()) texts[2] = names.file;
    set(found->first + i, texts, names.lines[i]);
  }
  waiting().erase(found);
}
} // namespace

uint32_t names_add(FileNames names) {
  auto count = static_cast<uint32_t>(names.lines.size());
  if (count == 0) return 0;
  uint32_t first = next.load(std::memory_order_relaxed);
  do {
    if (count > CHUNKS * CHUNK - first) return 0;
  } while (!next.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
  std::lock_guard<std::mutex> hold(waiting_lock);
  waiting().emplace(first, std::move(names));
  return first;
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
  if (entry && __atomic_load_n(&entry->file, __ATOMIC_ACQUIRE)) return entry;
  intern(id);
  entry = slot(id, false);
  return entry && __atomic_load_n(&entry->file, __ATOMIC_ACQUIRE) ? entry : nullptr;
}

} // namespace polyprobe
