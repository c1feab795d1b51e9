/*
 * Request ids: a random number of the process, then a counter.
 *
 * The number lives in a page that the kernel empties in a forked child (MADV_WIPEONFORK, Linux 4.14), so that the child
 * draws its own however it was made, raw clone included. Where that page can't be had, getpid tells.
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

struct identity {
  _Atomic uint64_t process; /* in the high 32 bits; 0: not drawn yet */
  _Atomic uint32_t next;
  _Atomic pid_t pid; /* whose it is; only looked at without MADV_WIPEONFORK */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct identity fallback;
static struct identity *identity = &fallback;

static void init(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  void *memory = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return;
  if (madvise(memory, page, MADV_WIPEONFORK) == 0)
    identity = memory;
  else
    munmap(memory, page);
}

static uint64_t draw(void) {
  uint32_t number = 0;
  while (number == 0) {
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      number = (uint32_t)now.tv_nsec * 2654435761u ^ (uint32_t)getpid() * 40503u ^ (uint32_t)now.tv_sec;
    }
  }
  return (uint64_t)number << 32;
}

uint64_t polyprobe_request_id(void) {
  pthread_once(&once, init);
  if (identity == &fallback) {
    pid_t self = getpid();
    if (atomic_exchange(&identity->pid, self) != self)
      atomic_store(&identity->process, 0);
  }
  uint64_t process = atomic_load_explicit(&identity->process, memory_order_relaxed);
  if (process == 0) {
    uint64_t drawn = draw();
    /* The first thread's number stands. */
    process = atomic_compare_exchange_strong(&identity->process, &process, drawn) ? drawn : process;
  }
  return process | atomic_fetch_add_explicit(&identity->next, 1, memory_order_relaxed);
}

#else

uint64_t polyprobe_request_id(void) {
  static _Atomic uint64_t next = 1;
  return atomic_fetch_add(&next, 1);
}

#endif
