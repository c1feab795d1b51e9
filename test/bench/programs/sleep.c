/*
 * What it costs to wake up and do nothing, as often as the watcher does: the floor under its CPU time on this machine.
 * Percent of a core, as JSON. Arguments: milliseconds of a sleep, number of sleeps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double cpu_ns(void) {
  double ns = 0;
  FILE *file = fopen("/proc/self/schedstat", "r");
  if (!file || fscanf(file, "%lf", &ns) != 1) exit(1);
  fclose(file);
  return ns;
}

int main(int argc, char **argv) {
  long milliseconds = argc > 1 ? atol(argv[1]) : 65;
  int sleeps = argc > 2 ? atoi(argv[2]) : 45;
  cpu_ns();
  double before = cpu_ns();
  for (int i = 0; i < sleeps; i++) {
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
  }
  printf("{\"percent\": %.5f}\n", (cpu_ns() - before) * 100 / (sleeps * milliseconds * 1e6));
  return 0;
}
