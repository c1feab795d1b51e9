/*
 * Request ids: a random number of the process, then a counter, in one word that a forked child finds at 0.
 *
 * The word lives in a page that the kernel empties in the child (MADV_WIPEONFORK, Linux 4.14), so that the child draws its
 * own number however it was made, raw clone included. Where that page can't be had (or an emulator only says that it can),
 * pthread_atfork empties it. A child of vfork shares the word, and so gets ids of its own as well.
 */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "polyprobe.h"

#if defined(__linux__)
#include <pthread.h>
#include <sys/mman.h>
#include <sys/random.h>

static _Atomic uint64_t fallback;
static _Atomic uint64_t *next = &fallback; /* the next id; below 2^32: no number drawn yet */

static void after_fork_in_child(void) { atomic_store(next, 0); }

/* At load: see watcher.c. */
__attribute__((constructor)) static void init(void) {
  pthread_atfork(NULL, NULL, after_fork_in_child);
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  if (madvise(memory, page, MADV_WIPEONFORK) == 0)
    next = memory;
  else
    munmap(memory, page);
}

/* Not from the top of the range: the counter carries into the number, and must never carry it round to 0. */
static uint64_t draw(void) {
  uint32_t number = 0;
  while (number == 0 || number > UINT32_MAX - 65536) {
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      number = (uint32_t)now.tv_nsec * 2654435761u ^ (uint32_t)getpid() * 40503u ^ (uint32_t)now.tv_sec;
    }
  }
  return (uint64_t)number << 32;
}

uint64_t polyprobe_request_id(void) {
  for (;;) {
    uint64_t id = atomic_fetch_add_explicit(next, 1, memory_order_relaxed);
    if (id > UINT32_MAX) return id;
    uint64_t drawn = draw();
    uint64_t seen = atomic_load_explicit(next, memory_order_relaxed);
    while (seen <= UINT32_MAX && !atomic_compare_exchange_weak(next, &seen, drawn)) {
    }
  }
}

#else

uint64_t polyprobe_request_id(void) {
  static _Atomic uint64_t next = 1;
  return atomic_fetch_add(&next, 1);
}

#endif
