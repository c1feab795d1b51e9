/*
 * Request ids: unique over threads, forked children, grandchildren and vfork, never 0.
 *
 *   ids [quick]     fewer, and without what emulators and sanitizers can't do: raw clone, vfork that shares memory,
 *                   forks in handlers
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "polyprobe.h"

enum {
  THREADS = 8,
  CHILDREN = 200,
  IDS = 20
};

static long each = 1000000;

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void expect_unique(uint64_t *ids, size_t count, const char *what) {
  qsort(ids, count, sizeof *ids, by_value);
  for (size_t i = 0; i < count; i++) {
    EXPECT(ids[i] != 0, "%s: no id 0", what);
    EXPECT(ids[i] >> 32 != 0, "%s: the process's number in each id", what);
    EXPECT(i == 0 || ids[i] != ids[i - 1], "%s: no id twice", what);
  }
}

static void *draw(void *into) {
  uint64_t *ids = into;
  for (long i = 0; i < each; i++) ids[i] = polyprobe_request_id();
  return NULL;
}

static void over_threads(void) {
  uint64_t *ids = malloc((size_t)each * THREADS * sizeof *ids);
  EXPECT(ids, "memory");
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) threads[i] = expect_thread(draw, ids + i * each);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (long i = 1; i < each; i++) EXPECT(ids[i] > ids[i - 1], "each thread's ids to rise");
  expect_unique(ids, (size_t)each * THREADS, "threads");
  EXPECT(ids[0] >> 32 == ids[each * THREADS - 1] >> 32, "one number for the process");
  free(ids);
}

static void some(uint64_t *ids) {
  for (int i = 0; i < IDS; i++) ids[i] = polyprobe_request_id();
}

/* Children and, of each, a grandchild; half of them made by raw clone, which runs no handlers. */
static void over_forks(int children, int raw) {
  size_t count = (size_t)(2 * children + 1) * IDS;
  uint64_t *ids = mmap(NULL, count * sizeof *ids, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT(ids != MAP_FAILED, "shared memory");
  some(ids);
  for (int i = 0; i < children; i++) {
    pid_t child = i % 2 || !raw ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) {
      uint64_t *own = ids + IDS * (1 + 2 * i);
      if (i % 3 == 0) some(own); /* before the grandchild, else after */
      pid_t grandchild = fork();
      if (grandchild == 0) {
        some(own + IDS);
        _exit(0);
      }
      if (i % 3) some(own);
      int status;
      _exit(waitpid(grandchild, &status, 0) == grandchild && status == 0 ? 0 : 1);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child && status == 0, "child %d to end well, not %x", i, status);
  }
  expect_unique(ids, count, "forks");
  uint64_t numbers[2 * 1000 + 1];
  for (size_t i = 0; i < count / IDS; i++) numbers[i] = ids[i * IDS] >> 32;
  for (size_t i = 1; i < count / IDS; i++) EXPECT(numbers[i] != numbers[i - 1], "a number of its own for each process");
}

/* The memory is shared: ids of parent and child come from one counter. */
static void over_vfork(void) {
  static uint64_t ids[3 * IDS];
  some(ids);
  pid_t child = vfork();
  if (child == 0) {
    some(ids + IDS);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  some(ids + 2 * IDS);
  expect_unique(ids, 3 * IDS, "vfork");
}

static uint64_t *signalled;
static volatile sig_atomic_t forks_left;
static pid_t origin;

/* A fork in the middle of drawing an id: the child, returning into it, mustn't finish with the parent's number. */
static void fork_in_handler(int signal) {
  (void)signal;
  if (getpid() != origin || forks_left <= 0) return;
  forks_left = forks_left - 1;
  fork();
}

static void over_forks_in_signals(void) {
  enum {
    FORKS = 100
  };
  signalled = mmap(NULL, (FORKS + 2) * sizeof *signalled, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  origin = getpid();
  forks_left = FORKS;
  uint64_t last = polyprobe_request_id();
  signal(SIGPROF, fork_in_handler);
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF};
  struct itimerspec often = {{0, 300000}, {0, 300000}};
  EXPECT(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0, "a timer");
  uint64_t first = last;
  while (forks_left > 0 || getpid() != origin) {
    last = polyprobe_request_id();
    if (getpid() != origin) break;
  }
  if (getpid() != origin) {
    /* The id that was being drawn may have been the parent's already; the next one isn't. */
    uint64_t own = polyprobe_request_id();
    _exit(own >> 32 != first >> 32 && own != 0 ? 0 : 1);
  }
  timer_delete(timer);
  int status, ended = 0;
  while (wait(&status) > 0) {
    EXPECT(status == 0, "every child to have a number of its own");
    ended++;
  }
  EXPECT(ended == FORKS, "%d children, got %d", FORKS, ended);
}

int main(int argc, char **argv) {
  int quick = argc > 1 && strcmp(argv[1], "quick") == 0;
  if (quick) each = 20000;
  over_threads();
  over_forks(quick ? 10 : CHILDREN, !quick);
  if (!quick) {
    over_vfork();
    over_forks_in_signals();
  }
  puts("unique");
  return 0;
}
