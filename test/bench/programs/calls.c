/*
 * What a call costs when nothing is around it: the stubs of function__entry and function__return in a loop, fired as a
 * provider fires them. ns of CPU per pair, least of several rounds, as JSON. Arguments: pairs, rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polyprobe.h"

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static const char *scope, *name, *file;

__attribute__((noinline)) static void entry(void) {
  if (!POLYPROBE_ARMED(polyprobe_node_function__entry)) return;
  polyprobe_touch(scope, 5);
  polyprobe_touch(name, 6);
  polyprobe_touch(file, 16);
  polyprobe_node_function__entry(0, scope, name, file, 3, 0);
}

__attribute__((noinline)) static void leave(void) {
  if (!POLYPROBE_ARMED(polyprobe_node_function__return)) return;
  polyprobe_touch(scope, 5);
  polyprobe_touch(name, 6);
  polyprobe_touch(file, 16);
  polyprobe_node_function__return(0, scope, name, file, 3, 0);
}

int main(int argc, char **argv) {
  long pairs = argc > 1 ? atol(argv[1]) : 100000;
  int rounds = argc > 2 ? atoi(argv[2]) : 5;
  double least = 1e18;
  scope = polyprobe_intern("calls", 5);
  name = polyprobe_intern("callee", 6);
  file = polyprobe_intern("/bench/programs/calls.c", 23);
  for (int round = 0; round < rounds; round++) {
    double before = now();
    for (long i = 0; i < pairs; i++) {
      entry();
      leave();
    }
    double each = (now() - before) / (double)pairs;
    if (each < least) least = each;
  }
  printf("{\"nsPerCall\": %.2f}\n", least);
  return 0;
}
