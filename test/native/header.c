/* Uses everything that the header has, as C of any version from C99 and as C++ from C++11. Prints what the library says. */
#include "polyprobe.h"

#include <stdio.h>

static void changed(uint64_t armed, void *user) { *(uint64_t *)user = armed; }

/* As a provider writes it. Where there are no stubs, the probe's arguments aren't looked at. */
static void hook(const char *name, uint64_t line) {
  (void)name, (void)line;
  if (POLYPROBE_ARMED(polyprobe_node_function__entry))
    polyprobe_node_function__entry(polyprobe_request_id(), "", name, __FILE__, line, POLYPROBE_KIND_CALL);
}

int main(void) {
  uint64_t told = 0;
  const void *const *sites = polyprobe_provider_sites(POLYPROBE_PROVIDER_NODE);
  const void *site = polyprobe_site(POLYPROBE_PROVIDER_NODE, POLYPROBE_PROBE_GC__START);
  const char *why = polyprobe_unsupported();
  polyprobe_watch *watch = polyprobe_watch_open(sites, POLYPROBE_PROBE_COUNT, changed, &told);
  polyprobe_touch("text", 4);
  hook(polyprobe_intern("name", 4), 1);
  printf("%d %d %d %d %s\n", polyprobe_abi_compatible(), polyprobe_site_armed(site), site != NULL, watch != NULL,
         why ? why : "supported");
  if (polyprobe_watch_armed(watch) != told || polyprobe_watch_resume() != 0) return 1;
  if (POLYPROBE_ARMED(polyprobe_node_gc__start)) polyprobe_node_gc__start("major", 0, 0);
  polyprobe_watch_close(watch);
  return 0;
}
