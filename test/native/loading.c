/*
 * Loads and unloads the library over and over, a watch open or not: the thread runs the library's code, so the library
 * must stay.
 *
 *   loading LIBRARY
 */
#include <dlfcn.h>

#include "sites.h"

static void changed(uint64_t armed, void *user) {
  (void)armed;
  ++*(volatile int *)user;
}

int main(int argc, char **argv) {
  EXPECT(argc == 2, "the library's path");
  static struct test_site site;
  static volatile int times;
  const void *sites[] = {&site};
  test_site_set(&site, 0);
  for (int i = 0; i < 50; i++) {
    void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    EXPECT(library, "the library, not '%s'", dlerror());
    __typeof__(&polyprobe_watch_open) open_watch = (__typeof__(open_watch))dlsym(library, "polyprobe_watch_open");
    __typeof__(&polyprobe_watch_close) close_watch = (__typeof__(close_watch))dlsym(library, "polyprobe_watch_close");
    __typeof__(&polyprobe_request_id) request_id = (__typeof__(request_id))dlsym(library, "polyprobe_request_id");
    EXPECT(open_watch && close_watch && request_id(), "its functions");
    polyprobe_watch *watch = open_watch(sites, 1, changed, (void *)&times);
    EXPECT(watch, "a watch");
    if (i % 2) close_watch(watch);
    dlclose(library);
  }
  /* 25 watches are still open, of a library that nobody holds. */
  test_site_set(&site, 1);
  EXPECT_SOON(times == 25, "all open watches told, not %d", times);
  puts("stays");
  return 0;
}
