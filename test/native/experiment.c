/*
 * Two experiments about what a kernel does with a probe's first instruction, as functions of this program:
 *
 *   experiment red_zone     a leaf function keeps a value below the stack pointer across the probe, as the ABI allows
 *   experiment fork         a child of a fork hits the probe that its parent has hit before
 *
 * Each exists with our site (nop, ten-byte nop) and, by -DFIVE, with a five-byte nop, which kernels from 6.18 turn into a
 * call. Waits for its probe to be armed, then prints "safe", or "unsafe" and what happened. x86-64 only.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

#if FIVE
#define SITE "0x0f, 0x1f, 0x44, 0x00, 0x00"
#else
#define SITE "0x90, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00"
#endif

enum {
  CALLS = 100000,
  CHILDREN = 5
};

long probed(long value);
extern const unsigned char probed_site[];
__asm__(
    ".text\n.balign 32\n.globl probed, probed_site\n.type probed, @function\n"
    "probed:\n mov %rdi, -8(%rsp)\n .balign 16\n"
    "probed_site: .byte " SITE "\n mov -8(%rsp), %rax\n ret\n");

static int armed(unsigned char first) { return *(volatile const unsigned char *)probed_site != first; }

static long wrong(void) {
  long count = 0;
  for (long i = 0; i < CALLS; i++) count += probed(0x1234567 + i) != 0x1234567 + i;
  return count;
}

int main(int argc, char **argv) {
  const unsigned char first[] = {SITE};
  EXPECT(argc == 2, "the name of an experiment");
  EXPECT_SOON(armed(first[0]), "the probe to be armed");
  if (strcmp(argv[1], "red_zone") == 0) {
    long count = wrong();
    printf(count ? "unsafe: %ld of %d values overwritten\n" : "safe\n", count, CALLS);
    return 0;
  }
  for (int i = 0; i < 1000; i++) probed(i);
  int killed = 0, last = 0;
  for (int i = 0; i < CHILDREN; i++) {
    pid_t child = fork();
    if (child == 0) {
      for (int hit = 0; hit < 1000; hit++) probed(hit);
      _exit(0);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child, "the child");
    if (status) {
      killed++;
      last = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    }
  }
  printf(killed ? "unsafe: %d of %d children killed by signal %d\n" : "safe\n", killed, CHILDREN, last);
  return 0;
}
