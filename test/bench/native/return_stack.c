/*
 * Nanoseconds of processor time for each hit of an armed probe, from 1 to 24 frames below the loop; or for each look at a
 * site that isn't armed.
 *
 *   return_stack armed DEPTH      return_stack disabled check|nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polyprobe.h"

enum {
  HITS = 50000,
  LOOKS = 20000000,
  ROUNDS = 5
};

#define LEVELS                                                                                                        \
  LEVEL(2, 1)                                                                                                         \
  LEVEL(3, 2) LEVEL(4, 3) LEVEL(5, 4) LEVEL(6, 5) LEVEL(7, 6) LEVEL(8, 7) LEVEL(9, 8) LEVEL(10, 9) LEVEL(11, 10)      \
      LEVEL(12, 11) LEVEL(13, 12) LEVEL(14, 13) LEVEL(15, 14) LEVEL(16, 15) LEVEL(17, 16) LEVEL(18, 17) LEVEL(19, 18) \
          LEVEL(20, 19) LEVEL(21, 20) LEVEL(22, 21) LEVEL(23, 22) LEVEL(24, 23)

#if defined(__x86_64__)
#define LEVEL(to, from) "d" #to ": call d" #from "\n ret\n"
__asm__(".text\nd1: jmp polyprobe_node_gc__start@PLT\n" LEVELS);
#else
#define LEVEL(to, from) "d" #to ": stp x29, x30, [sp, -16]!\n bl d" #from "\n ldp x29, x30, [sp], 16\n ret\n"
__asm__(".text\nd1: b polyprobe_node_gc__start\n" LEVELS);
#endif
typedef void stub(const char *, uint64_t, uint64_t);
stub d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15, d16, d17, d18, d19, d20, d21, d22, d23, d24;
static stub *const levels[] = {d1,  d2,  d3,  d4,  d5,  d6,  d7,  d8,  d9,  d10, d11, d12,
                               d13, d14, d15, d16, d17, d18, d19, d20, d21, d22, d23, d24};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double armed(stub *call) {
  double start = now();
  for (uint64_t i = 0; i < HITS; i++) call("bench", i, 0);
  return (now() - start) / HITS;
}

static double disabled(int check) {
  double start = now();
  for (uint64_t i = 0; i < LOOKS; i++) {
    if (check && POLYPROBE_ARMED(polyprobe_node_gc__start)) polyprobe_node_gc__start("bench", i, 0);
    __asm__ volatile("" : : "r"(i) : "memory");
  }
  return (now() - start) / LOOKS;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int is_armed = strcmp(argv[1], "armed") == 0;
  if (is_armed != POLYPROBE_ARMED(polyprobe_node_gc__start)) return 3;
  double best = 1e18;
  for (int round = 0; round < ROUNDS; round++) {
    double ns = is_armed ? armed(levels[strtol(argv[2], NULL, 10) - 1]) : disabled(strcmp(argv[2], "check") == 0);
    if (ns < best) best = ns;
  }
  printf("%.3f\n", best);
  return 0;
}
