/*
 * A program at fixed addresses takes a stub's address: the name then stands for an entry of its own linkage table, for the
 * library too unless it binds to itself. polyprobe_site must tell the stub all the same, and calls must get there.
 */
#include <stdio.h>
#include <string.h>

#include "polyprobe.h"

int main(int argc, char **argv) {
  (void)argc, (void)argv;
  /* In code: as data it would be a relocation, and the stub itself. */
  void (*volatile taken)(const char *, uint64_t, uint64_t) = polyprobe_node_gc__start;
  const void *site = polyprobe_site(POLYPROBE_PROVIDER_NODE, POLYPROBE_PROBE_GC__START);
  int armed = polyprobe_site_armed(site);
  polyprobe_node_gc__start("direct", 0, 1);
  taken("by pointer", 0, 2);
  printf("armed %d\n", armed);
  return 0;
}
