/*
 * The watcher: one thread for each process that reads the sites and tells of changes.
 *
 * Owns: the thread, the list of watches. Doesn't own: what a change leads to (the providers' toggles).
 * No event tells a process that a tracer attached, so somebody must look: one thread, one wake-up each POLYPROBE_WATCH_MS,
 * for all watches together; the sites lie in a few cache lines.
 *
 * The lock is never held while a callback runs: a callback may wait for an interpreter's lock, whose owner may be about to
 * fork and so wait for ours (pthread_atfork takes it, so that the child finds the list whole).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "polyprobe.h"

#if POLYPROBE_SUPPORTED

struct polyprobe_watch {
  struct polyprobe_watch *next;
  polyprobe_watch_changed changed;
  void *user;
  uint64_t armed; /* as last told */
  unsigned count;
  int running; /* changed is being called, on the watcher's thread */
  int closed;  /* closed from within changed: the watcher frees it */
  int untold;  /* a fork cut changed off: what it was told is unknown in the child */
  const void *sites[POLYPROBE_WATCH_MAX];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;      /* the thread's sleep; on the monotonic clock */
static pthread_cond_t quiet;     /* a callback has ended */
static polyprobe_watch *watches; /* newest first */
static pthread_t thread;
static int thread_runs; /* there is one to be joined */
static int stopping;

/* Room for what interpreters do when they are told; glibc takes thread-local storage from it as well. */
static const size_t STACK_BYTES = (size_t)256 * 1024;

static uint64_t read_sites(const polyprobe_watch *watch) {
  uint64_t armed = 0;
  for (unsigned i = 0; i < watch->count; i++) armed |= (uint64_t)polyprobe_site_armed(watch->sites[i]) << i;
  return armed;
}

static void init_conditions(void) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&wake, &attributes);
  pthread_cond_init(&quiet, NULL);
  pthread_condattr_destroy(&attributes);
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork_in_parent(void) { pthread_mutex_unlock(&lock); }
static void after_fork_in_child(void) {
  /* Only memory is touched here: between fork and exec little else is allowed. The thread didn't come along. */
  thread_runs = 0;
  stopping = 0;
  polyprobe_watch **link = &watches;
  while (*link) {
    polyprobe_watch *watch = *link;
    /* It may have waited for the very lock whose owner forked: nothing of it has happened here. */
    watch->untold |= watch->running;
    watch->running = 0;
    if (watch->closed)
      *link =
          watch->next; /* the watcher would have freed it; a leak of one in a rare child is safer than free() here */
    else
      link = &watch->next;
  }
  init_conditions();
  pthread_mutex_unlock(&lock);
}

/* At load, not at first use: a fork in the middle of pthread_once runs it again in the child, and so registers twice. */
__attribute__((constructor)) static void init(void) {
  init_conditions();
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* Tells the first watch that has changed, with the lock released meanwhile. Returns whether there was one. */
static int tell_one(void) {
  for (polyprobe_watch **link = &watches; *link; link = &(*link)->next) {
    polyprobe_watch *watch = *link;
    uint64_t armed = read_sites(watch);
    if (armed == watch->armed && !watch->untold) continue;
    watch->armed = armed;
    watch->untold = 0;
    watch->running = 1;
    pthread_mutex_unlock(&lock);
    watch->changed(armed, watch->user);
    pthread_mutex_lock(&lock);
    watch->running = 0;
    pthread_cond_broadcast(&quiet);
    if (watch->closed) {
      for (link = &watches; *link != watch; link = &(*link)->next) {
      }
      *link = watch->next;
      free(watch);
    }
    return 1; /* the list may have changed: look again from its head */
  }
  return 0;
}

/*
 * Whether all other threads have ended: a process whose main thread left by pthread_exit ends with its last thread, and
 * this one mustn't be what keeps it. An ended main thread stays as a zombie and counts as one.
 */
static int is_alone(void) {
  struct stat tasks;
  if (stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink != 2 + 2) return 0;
  char text[256];
  int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length > 0 ? length : 0] = '\0';
  const char *end = strrchr(text, ')'); /* of the program's name, which may hold anything */
  return end && strncmp(end, ") Z", 3) == 0;
}

static void *watcher(void *unused) {
  (void)unused;
  unsigned rounds = 0;
  pthread_mutex_lock(&lock);
  while (!stopping) {
    if (++rounds % (2000 / POLYPROBE_WATCH_MS) == 0) { /* every two seconds */
      pthread_mutex_unlock(&lock);
      if (is_alone()) return NULL; /* and the C library ends the process */
      pthread_mutex_lock(&lock);
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += POLYPROBE_WATCH_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
      until.tv_nsec -= 1000000000L;
      until.tv_sec++;
    }
    while (!stopping && pthread_cond_timedwait(&wake, &lock, &until) != ETIMEDOUT) {
    }
    /* Bounded, so that a site that flaps can't keep the thread from its sleep. */
    for (int told = 0; !stopping && told < 1024 && tell_one(); told++) {
    }
    if (!watches && !stopping) {
      /* The last one was closed from within its callback, where nobody could wait for this thread. */
      thread_runs = 0;
      pthread_detach(pthread_self());
      break;
    }
  }
  pthread_mutex_unlock(&lock);
  return NULL;
}

/* With the lock held. The new thread inherits the mask, so signals stay the host's. */
static int start_thread(void) {
  if (thread_runs || !watches) return 0;
  pthread_attr_t attributes;
  sigset_t all, before;
  int error = pthread_attr_init(&attributes);
  if (error) return error;
  size_t smallest = (size_t)PTHREAD_STACK_MIN;
  pthread_attr_setstacksize(&attributes, STACK_BYTES > smallest ? STACK_BYTES : smallest);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  stopping = 0;
  error = pthread_create(&thread, &attributes, watcher, NULL);
  if (error == EINVAL) /* the program's thread-local storage alone is larger */
    error = pthread_create(&thread, NULL, watcher, NULL);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error) return error;
  thread_runs = 1;
  pthread_setname_np(thread, "polyprobe");
  return 0;
}

polyprobe_watch *polyprobe_watch_open(const void *const *sites, unsigned count, polyprobe_watch_changed changed,
                                      void *user) {
  if (!sites || !changed || count == 0 || count > POLYPROBE_WATCH_MAX) {
    errno = EINVAL;
    return NULL;
  }
  polyprobe_watch *watch = calloc(1, sizeof *watch);
  if (!watch) return NULL;
  memcpy(watch->sites, sites, count * sizeof *sites);
  watch->count = count;
  watch->changed = changed;
  watch->user = user;
  watch->armed = read_sites(watch);
  pthread_mutex_lock(&lock);
  watch->next = watches;
  watches = watch;
  int error = start_thread();
  if (error) watches = watch->next;
  pthread_mutex_unlock(&lock);
  if (error) {
    free(watch);
    errno = error;
    return NULL;
  }
  return watch;
}

uint64_t polyprobe_watch_armed(const polyprobe_watch *watch) { return read_sites(watch); }

void polyprobe_watch_close(polyprobe_watch *watch) {
  if (!watch) return;
  pthread_mutex_lock(&lock);
  int on_watcher = thread_runs && pthread_equal(thread, pthread_self());
  if (watch->running && on_watcher) {
    /* From within its own callback: the watcher frees it when that returns, and ends itself when it was the last. */
    watch->closed = 1;
    pthread_mutex_unlock(&lock);
    return;
  }
  /* Out of the list first, so that it isn't told again while this waits. */
  polyprobe_watch **link = &watches;
  while (*link && *link != watch) link = &(*link)->next;
  if (*link) *link = watch->next;
  pthread_t ended = thread;
  int join = !watches && thread_runs && !stopping && !on_watcher;
  if (join) {
    stopping = 1;
    pthread_cond_signal(&wake);
  }
  while (watch->running) pthread_cond_wait(&quiet, &lock);
  pthread_mutex_unlock(&lock);
  if (join) {
    pthread_join(ended, NULL);
    pthread_mutex_lock(&lock);
    thread_runs = 0;
    stopping = 0;
    start_thread(); /* somebody may have opened a watch meanwhile */
    pthread_mutex_unlock(&lock);
  }
  free(watch);
}

int polyprobe_watch_resume(void) {
  pthread_mutex_lock(&lock);
  int error = start_thread();
  pthread_mutex_unlock(&lock);
  return error;
}

#else

polyprobe_watch *polyprobe_watch_open(const void *const *sites, unsigned count, polyprobe_watch_changed changed,
                                      void *user) {
  (void)sites, (void)count, (void)changed, (void)user;
  errno = ENOTSUP;
  return NULL;
}
uint64_t polyprobe_watch_armed(const polyprobe_watch *watch) {
  (void)watch;
  return 0;
}
void polyprobe_watch_close(polyprobe_watch *watch) { (void)watch; }
int polyprobe_watch_resume(void) { return 0; }

#endif
