/*
 * Interned strings: one copy for the life of the process, so that a pointer in an event stays good and stays the same.
 *
 * Owns: the table and its memory, which is never given back. Called when a function is first seen, not for each event.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "polyprobe.h"

struct entry {
  char *string;
  size_t length;
  uint64_t hash;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *table; /* open addressing, a power of two, at most two thirds full */
static size_t slots, used;
static char *block; /* where the next string goes */
static size_t block_left;

static const size_t BLOCK_BYTES = (size_t)64 * 1024;

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
/* At load: see watcher.c. */
__attribute__((constructor)) static void init(void) { pthread_atfork(before_fork, after_fork, after_fork); }

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t hash_of(const char *string, size_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)string[i]) * 0x100000001b3u;
  return hash;
}

static struct entry *find(struct entry *in, size_t count, const char *string, size_t length, uint64_t hash) {
  size_t i = hash & (count - 1);
  while (in[i].string && (in[i].hash != hash || in[i].length != length || memcmp(in[i].string, string, length) != 0))
    i = (i + 1) & (count - 1);
  return &in[i];
}

static int grow(void) {
  size_t count = slots ? slots * 2 : 1024;
  struct entry *bigger = calloc(count, sizeof *bigger);
  if (!bigger) return 0;
  for (size_t i = 0; i < slots; i++)
    if (table[i].string) *find(bigger, count, table[i].string, table[i].length, table[i].hash) = table[i];
  free(table);
  table = bigger;
  slots = count;
  return 1;
}

static char *store(const char *string, size_t length) {
  char *copy;
  if (length + 1 > BLOCK_BYTES / 4) {
    copy = malloc(length + 1);
  } else {
    if (length + 1 > block_left) {
      char *fresh = malloc(BLOCK_BYTES);
      if (!fresh) return NULL;
      block = fresh;
      block_left = BLOCK_BYTES;
    }
    copy = block;
    block += length + 1;
    block_left -= length + 1;
  }
  if (!copy) return NULL;
  memcpy(copy, string, length);
  copy[length] = '\0';
  return copy;
}

const char *polyprobe_intern(const char *string, size_t length) {
  if (!string) length = 0;
  const char *nul = length ? memchr(string, '\0', length) : NULL;
  if (nul) length = (size_t)(nul - string);
  if (length == 0) return "";
  const char *result = "";
  uint64_t hash = hash_of(string, length);
  pthread_mutex_lock(&lock);
  if (used * 3 < slots * 2 || grow()) {
    struct entry *entry = find(table, slots, string, length, hash);
    if (!entry->string) {
      char *copy = store(string, length);
      if (copy) {
        entry->string = copy;
        entry->length = length;
        entry->hash = hash;
        used++;
      }
    }
    if (entry->string) result = entry->string;
  }
  pthread_mutex_unlock(&lock);
  return result;
}
