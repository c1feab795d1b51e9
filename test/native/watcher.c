/*
 * The watcher without forks: what is told, on what thread, and how it ends. Sites are the program's own.
 *
 *   watcher TEST     see the table at the end
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>

#include "sites.h"

enum {
  SITES = 64
};
static struct test_site sites[SITES];
static const void *pointers[SITES];

struct told {
  _Atomic int times;
  _Atomic uint64_t armed;
  _Atomic int entered;
  _Atomic int hold; /* stay in the callback */
  _Atomic(polyprobe_watch *) close_inside[2];
  _Atomic int inside_is_named;
};

static void changed(uint64_t armed, void *user) {
  struct told *told = user;
  told->entered++;
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  told->inside_is_named = strcmp(name, "polyprobe") == 0;
  while (told->hold) expect_pause_ms(1);
  for (int i = 0; i < 2; i++)
    if (told->close_inside[i]) polyprobe_watch_close(told->close_inside[i]);
  told->armed = armed;
  told->times++;
}

static polyprobe_watch *open_watch(unsigned from, unsigned count, struct told *told) {
  polyprobe_watch *watch = polyprobe_watch_open(pointers + from, count, changed, told);
  EXPECT(watch, "a watch, not '%s'", strerror(errno));
  return watch;
}

static void arm(int site, int armed) { test_site_set(&sites[site], armed); }

static void refuses(void) {
  struct told told = {0};
  EXPECT(!polyprobe_watch_open(NULL, 1, changed, &told) && errno == EINVAL, "no sites refused");
  EXPECT(!polyprobe_watch_open(pointers, 0, changed, &told) && errno == EINVAL, "count 0 refused");
  EXPECT(!polyprobe_watch_open(pointers, 65, changed, &told) && errno == EINVAL, "count 65 refused");
  EXPECT(!polyprobe_watch_open(pointers, 1, NULL, &told) && errno == EINVAL, "no callback refused");
  EXPECT(!test_watcher(), "no thread for what was refused");
  polyprobe_watch_close(NULL);
  EXPECT(polyprobe_watch_resume() == 0 && !test_watcher(), "nothing to resume");
}

static void tells(void) {
  struct told all = {0}, some = {0};
  arm(3, 1);
  pointers[5] = NULL;
  EXPECT(!test_watcher(), "no thread before the first watch");
  polyprobe_watch *first = open_watch(0, 64, &all);
  int thread = test_watcher();
  EXPECT(thread, "a thread called polyprobe");
  EXPECT(polyprobe_watch_armed(first) == 1 << 3, "the state at opening to be read");
  polyprobe_watch *second = open_watch(8, 8, &some);
  EXPECT(test_watcher() == thread, "one thread for all watches");

  arm(63, 1);
  EXPECT_SOON(all.times == 1, "the change told");
  EXPECT(all.armed == (1ull << 63 | 1 << 3), "every armed site's bit");
  EXPECT(all.inside_is_named, "the callback on the watcher's thread");
  EXPECT(some.times == 0, "only who watches a site is told");
  arm(9, 1);
  EXPECT_SOON(all.times == 2 && some.times == 1, "both told");
  EXPECT(some.armed == 2, "bits counted from the watch's first site");
  arm(9, 0);
  EXPECT_SOON(some.times == 2 && some.armed == 0, "the way back told");
  arm(63, 0);
  arm(3, 0);
  EXPECT_SOON(all.armed == 0, "all gone");
  EXPECT(polyprobe_watch_armed(first) == 0, "nothing armed");

  polyprobe_watch_close(first);
  EXPECT(test_watcher() == thread, "the thread to stay for the second watch");
  arm(9, 1);
  EXPECT_SOON(some.armed == 2, "the second watch told still");
  int before = all.times;
  polyprobe_watch_close(second);
  EXPECT_SOON(!test_watcher(), "no thread after the last watch");
  EXPECT(all.times == before, "nobody told after closing");
  arm(9, 0);

  for (int i = 0; i < 50; i++) {
    polyprobe_watch *again = open_watch(0, 1, &all);
    EXPECT_SOON(test_watcher(), "a thread again");
    polyprobe_watch_close(again);
  }
  EXPECT_SOON(!test_watcher(), "no thread in the end");
}

static void unarmed(void) {
  struct told told = {0};
  unsigned count = 0;
  const void *const *real = polyprobe_provider_sites(POLYPROBE_PROVIDER_NODE);
  for (unsigned i = 0; i < POLYPROBE_PROBE_COUNT; i++) count += real[i] != NULL;
  EXPECT(count > 0, "stubs");
  polyprobe_watch *watch = polyprobe_watch_open(real, POLYPROBE_PROBE_COUNT, changed, &told);
  EXPECT(watch && polyprobe_watch_armed(watch) == 0, "nothing armed");
  expect_pause_ms(200);
  EXPECT(told.times == 0, "nothing told");
  polyprobe_watch_close(watch);
}

static void is_quiet(void) {
  struct told told = {0};
  sigset_t mask, before;
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  polyprobe_watch *watch = open_watch(0, 64, &told);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  EXPECT(sigismember(&before, SIGUSR2) == 1 && sigismember(&before, SIGUSR1) == 0, "the opener's mask as it was");
  int thread = test_watcher();
  char value[64];
  test_thread_status(thread, "SigBlk", value, sizeof value);
  uint64_t blocked = strtoull(value, NULL, 16);
  for (int signal = 1; signal < SIGRTMIN; signal++)
    EXPECT(signal == SIGKILL || signal == SIGSTOP || signal >= 32 || blocked >> (signal - 1) & 1, "signal %d blocked",
           signal);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; signal++)
    EXPECT(blocked >> (signal - 1) & 1, "signal %d blocked", signal);

  struct timespec from, to;
  test_thread_status(thread, "voluntary_ctxt_switches", value, sizeof value);
  long wakeups = -strtol(value, NULL, 10);
  clock_gettime(CLOCK_MONOTONIC, &from);
  expect_pause_ms(3000);
  test_thread_status(thread, "voluntary_ctxt_switches", value, sizeof value);
  clock_gettime(CLOCK_MONOTONIC, &to);
  wakeups += strtol(value, NULL, 10);
  long ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
  EXPECT(wakeups <= ms / POLYPROBE_WATCH_MS + 3, "at most one wake-up each %d ms, not %ld in %ld ms",
         POLYPROBE_WATCH_MS, wakeups, ms);
  EXPECT(told.times == 0, "nothing told");
  printf("%ld wake-ups in %ld ms\n", wakeups, ms);
  polyprobe_watch_close(watch);
}

static void closes_inside(void) {
  struct told told = {0}, other = {0};
  polyprobe_watch *one = open_watch(0, 1, &told), *two = open_watch(1, 1, &other);
  int thread = test_watcher();
  told.close_inside[0] = one;
  arm(0, 1);
  EXPECT_SOON(told.times == 1, "told once");
  arm(0, 0);
  arm(1, 1);
  EXPECT_SOON(other.times == 1, "the other watch told still");
  EXPECT(test_watcher() == thread && told.times == 1, "the closed one not told again");
  arm(1, 0);
  EXPECT_SOON(other.times == 2, "the way back told");
  /* Closing two from within one callback, itself first. */
  struct told both = {0};
  polyprobe_watch *three = open_watch(2, 1, &both);
  both.close_inside[0] = three;
  both.close_inside[1] = two;
  arm(2, 1);
  EXPECT_SOON(both.times == 1, "told");
  EXPECT_SOON(!test_watcher(), "the thread to end itself when the last watch is closed from within");
  told.close_inside[0] = NULL;
  polyprobe_watch *again = open_watch(0, 1, &told);
  EXPECT(test_watcher(), "a thread again");
  arm(0, 1);
  EXPECT_SOON(told.times == 2, "told again");
  polyprobe_watch_close(again);
  EXPECT_SOON(!test_watcher(), "no thread");
}

static _Atomic int closed;
static void *close_it(void *watch) {
  polyprobe_watch_close(watch);
  closed = 1;
  return NULL;
}

static void closes_while_running(void) {
  for (int others = 0; others < 2; others++) {
    struct told told = {.hold = 1}, other = {0};
    polyprobe_watch *watch = open_watch(0, 1, &told), *kept = others ? open_watch(1, 1, &other) : NULL;
    arm(0, 1);
    EXPECT_SOON(told.entered == 1, "the callback running");
    closed = 0;
    pthread_t closer = expect_thread(close_it, watch);
    expect_pause_ms(20);
    EXPECT(!closed, "close to wait for the callback");
    arm(0, 0); /* a change that mustn't be told: the watch is closing */
    polyprobe_watch *opened = open_watch(2, 1, &other);
    told.hold = 0;
    pthread_join(closer, NULL);
    EXPECT(told.times == 1, "the callback to have ended");
    arm(2, 1);
    EXPECT_SOON(other.times == 1, "a watch that was opened meanwhile told");
    EXPECT(told.entered == 1, "nothing told after closing");
    arm(2, 0);
    polyprobe_watch_close(opened);
    polyprobe_watch_close(kept);
    EXPECT_SOON(!test_watcher(), "no thread");
  }
}

static _Atomic int stop_opening;
static void *open_and_close(void *number) {
  struct told told = {0};
  for (int i = 0; !stop_opening; i++) {
    polyprobe_watch *watch = open_watch((unsigned)(uintptr_t)number, 1 + (unsigned)i % 8, &told);
    if (i % 3 == 0) expect_pause_ms(1);
    polyprobe_watch_close(watch);
  }
  return NULL;
}

static void many_at_once(void) {
  pthread_t threads[6];
  for (uintptr_t i = 0; i < 6; i++) threads[i] = expect_thread(open_and_close, (void *)(i * 8));
  for (int i = 0; i < 2000; i++) {
    arm(i % 48, i / 48 % 2);
    if (i % 4 == 0) expect_pause_ms(1);
  }
  stop_opening = 1;
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  EXPECT_SOON(!test_watcher(), "no thread in the end");
}

static void exits(void) {
  static struct told told, held = {.hold = 1};
  open_watch(0, 1, &told);
  open_watch(1, 1, &held);
  arm(1, 1);
  EXPECT_SOON(held.entered == 1, "a callback running at exit");
  exit(0);
}

static void main_leaves(void) {
  static struct told told;
  open_watch(0, 1, &told);
  puts("left");
  fflush(stdout);
  pthread_exit(NULL);
}

#define TEST(name) \
  { #name, name }
static const struct {
  const char *name;
  void (*run)(void);
} tests[] = {TEST(refuses),      TEST(tells),         TEST(unarmed),
             TEST(is_quiet),     TEST(closes_inside), TEST(closes_while_running),
             TEST(many_at_once), TEST(exits),         TEST(main_leaves)};

int main(int argc, char **argv) {
  for (int i = 0; i < SITES; i++) {
    arm(i, 0);
    pointers[i] = &sites[i];
  }
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    if (argc > 1 && strcmp(argv[1], tests[i].name) == 0) {
      tests[i].run();
      return 0;
    }
  return 2;
}
