/*
 * Calls a stub and looks at every register afterwards: only rax and the flags may have changed, armed or not. Then calls
 * it from 1 to 40 frames deep, so that the return addresses below and above a refilled return stack are all used.
 *
 *   registers TIMES        prints how often it fired
 */
#include <string.h>

#include "expect.h"
#include "polyprobe.h"

static long fired;

#if defined(__x86_64__)

enum {
  RBX,
  RBP,
  R12,
  R13,
  R14,
  R15,
  RSP,
  RDI,
  RSI,
  RDX,
  RCX,
  R8,
  R9,
  R10,
  R11,
  REGISTERS
};
struct state {
  uint64_t integer[REGISTERS];
  uint8_t xmm[16][16];
  uint32_t mxcsr;
  uint16_t x87_control;
  uint64_t flags;
};

/* state in, call of the stub, state out: in assembler, so that the compiler has no say in it. */
void call_with(const struct state *before, struct state *after, const void *stub);
__asm__(
    ".text\n.type call_with, @function\ncall_with:\n"
    "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
    "push %rsi\n sub $16, %rsp\n mov %rdx, (%rsp)\n mov %rsp, 8(%rsp)\n"
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movups 120+16*\\n(%rdi), %xmm\\n\n .endr\n"
    "mov 0(%rdi), %rbx\n mov 8(%rdi), %rbp\n mov 16(%rdi), %r12\n mov 24(%rdi), %r13\n mov 32(%rdi), %r14\n"
    "mov 40(%rdi), %r15\n mov 64(%rdi), %rsi\n mov 72(%rdi), %rdx\n mov 80(%rdi), %rcx\n mov 88(%rdi), %r8\n"
    "mov 96(%rdi), %r9\n mov 104(%rdi), %r10\n mov 112(%rdi), %r11\n mov 56(%rdi), %rdi\n"
    "call *(%rsp)\n"
    "mov 16(%rsp), %rax\n" /* after */
    "mov %rbx, 0(%rax)\n mov %rbp, 8(%rax)\n mov %r12, 16(%rax)\n mov %r13, 24(%rax)\n mov %r14, 32(%rax)\n"
    "mov %r15, 40(%rax)\n mov %rdi, 56(%rax)\n mov %rsi, 64(%rax)\n mov %rdx, 72(%rax)\n mov %rcx, 80(%rax)\n"
    "mov %r8, 88(%rax)\n mov %r9, 96(%rax)\n mov %r10, 104(%rax)\n mov %r11, 112(%rax)\n"
    "mov 8(%rsp), %rcx\n sub %rsp, %rcx\n mov %rcx, 48(%rax)\n" /* 0: the stack pointer came back */
    ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n movups %xmm\\n, 120+16*\\n(%rax)\n .endr\n"
    "stmxcsr 376(%rax)\n fnstcw 380(%rax)\n pushfq\n pop %rcx\n mov %rcx, 384(%rax)\n"
    "add $24, %rsp\n pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n");
_Static_assert(offsetof(struct state, xmm) == 120 && offsetof(struct state, mxcsr) == 376 &&
                   offsetof(struct state, x87_control) == 380 && offsetof(struct state, flags) == 384,
               "the assembler above counts bytes");

static void check_registers(const void *stub, uint64_t seed) {
  struct state before, after;
  memset(&before, 0, sizeof before);
  for (int i = 0; i < REGISTERS; i++) before.integer[i] = (seed + (uint64_t)i + 1) * 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 256; i++) before.xmm[i / 16][i % 16] = (uint8_t)(seed * 31 + (uint64_t)i);
  before.integer[RSP] = 0;
  __asm__ volatile("stmxcsr %0\n fnstcw %1" : "=m"(before.mxcsr), "=m"(before.x87_control));
  memset(&after, 0, sizeof after);
  call_with(&before, &after, stub);
  fired++;
  EXPECT(after.integer[RSP] == 0, "the stack pointer as before the call");
  for (int i = 0; i < REGISTERS; i++) EXPECT(before.integer[i] == after.integer[i], "register %d untouched", i);
  EXPECT(memcmp(before.xmm, after.xmm, sizeof before.xmm) == 0, "vector registers untouched");
  EXPECT(before.mxcsr == after.mxcsr && before.x87_control == after.x87_control, "floating-point modes untouched");
  EXPECT((after.flags & 0x400) == 0, "the direction flag clear");
}

#else

static void check_registers(const void *stub, uint64_t seed) {
  register uint64_t kept __asm__("x19") = seed * 0x9e3779b97f4a7c15u;
  register const void *target __asm__("x9") = stub;
  __asm__ volatile("blr %1" : "+r"(kept) : "r"(target) : "x30", "memory");
  fired++;
  EXPECT(kept == seed * 0x9e3779b97f4a7c15u, "x19 kept");
}

#endif

static __attribute__((noinline)) long deep(int depth, long value) {
  if (depth <= 1) {
    polyprobe_node_gc__start("deep", (uint64_t)value, 0);
    fired++;
    return value;
  }
  volatile long own = depth; /* something of each frame to come back to */
  long below = deep(depth - 1, value + depth);
  return below - own;
}

int main(int argc, char **argv) {
  long times = argc > 1 ? strtol(argv[1], NULL, 10) : 1000;
  const void *site = polyprobe_site(POLYPROBE_PROVIDER_NODE, POLYPROBE_PROBE_GC__START);
  EXPECT(site == (const void *)(uintptr_t)&polyprobe_node_gc__start, "the table to hold the stub that callers call");
  int armed = polyprobe_site_armed(site);
  for (long i = 0; i < times; i++) {
    check_registers(site, (uint64_t)i);
    for (int depth = 1; depth <= 40; depth++)
      EXPECT(deep(depth, i) == i, "every frame of depth %d to be returned to", depth);
  }
  EXPECT(polyprobe_site_armed(site) == armed, "the site to stay as it was");
  printf("armed %d fired %ld\n", armed, fired);
  return 0;
}
