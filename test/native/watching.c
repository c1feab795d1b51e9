/*
 * Watches every site of a provider and prints what it is told: "changed BITS MS", MS being the time since a thread of its
 * own, which reads the sites without a pause, saw the change. Ends with its standard input.
 */
#include <stdatomic.h>

#include "sites.h"

static polyprobe_watch *watch;
static _Atomic int64_t seen_ns;
static _Atomic int stop;

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static void changed(uint64_t armed, void *user) {
  (void)user;
  int64_t seen = seen_ns;
  printf("changed %llx %lld\n", (unsigned long long)armed, (long long)(seen ? (now_ns() - seen) / 1000000 : 0));
}

static void *look(void *unused) {
  (void)unused;
  uint64_t before = polyprobe_watch_armed(watch);
  while (!stop) {
    uint64_t now = polyprobe_watch_armed(watch);
    if (now != before) seen_ns = now_ns();
    before = now;
    expect_pause_ms(1);
  }
  return NULL;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  const void *const *sites = polyprobe_provider_sites(POLYPROBE_PROVIDER_NODE);
  watch = polyprobe_watch_open(sites, POLYPROBE_PROBE_COUNT, changed, NULL);
  EXPECT(watch, "a watch");
  pthread_t looker = expect_thread(look, NULL);
  puts("ready");
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  stop = 1;
  pthread_join(looker, NULL);
  polyprobe_watch_close(watch);
  return 0;
}
