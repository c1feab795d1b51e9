/*
 * Exceptions pass through frames that have fired, and signals arrive in the middle of stubs: from each one the stack must
 * be walkable down to main, for profilers and for languages that throw out of handlers.
 *
 *   unwind ROUNDS          prints how often it fired, and how many signals found a stub running
 */
#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#include "expect.h"
#include "polyprobe.h"

static long fired;
static volatile sig_atomic_t in_stub, unwalkable;
static void *library_base, *main_base;

static __attribute__((noinline)) int thrower(int depth) {
  polyprobe_node_function__entry(1, "Scope", "thrower", "unwind.cc", 1, POLYPROBE_KIND_CALL);
  fired++;
  if (depth == 0) throw depth;
  int below = thrower(depth - 1);
  polyprobe_node_function__return(1, "Scope", "thrower", "unwind.cc", 1, POLYPROBE_HOW_RETURN);
  return below + 1;
}

static void on_signal(int, siginfo_t *, void *context) {
#if defined(__x86_64__)
  void *at = reinterpret_cast<void *>(static_cast<ucontext_t *>(context)->uc_mcontext.gregs[REG_RIP]);
#else
  void *at = reinterpret_cast<void *>(static_cast<ucontext_t *>(context)->uc_mcontext.pc);
#endif
  Dl_info info;
  if (!dladdr(at, &info) || info.dli_fbase != library_base) return;
  in_stub = in_stub + 1;
  void *frames[64];
  int count = backtrace(frames, 64);
  int reached = 0, below = 0; /* below: of the stub, not this handler's own frames */
  for (int i = 0; i < count; i++) {
    if (below && dladdr(frames[i], &info) && info.dli_fbase == main_base) reached = 1;
    below |= frames[i] == at;
  }
  if (!reached) unwalkable = unwalkable + 1;
}

int main(int argc, char **argv) {
  long rounds = argc > 1 ? strtol(argv[1], nullptr, 10) : 2000;
  const void *site = polyprobe_site(POLYPROBE_PROVIDER_NODE, POLYPROBE_PROBE_FUNCTION__ENTRY);
  Dl_info info;
  EXPECT(dladdr(site, &info), "the library to be found");
  library_base = info.dli_fbase;
  EXPECT(dladdr(reinterpret_cast<void *>(&main), &info), "the program to be found");
  main_base = info.dli_fbase;
  void *warm[4];
  backtrace(warm, 4); /* loads the unwinder outside the handler */

  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  itimerval storm = {{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &storm, nullptr);

  long caught = 0;
  for (long i = 0; i < rounds; i++) {
    try {
      thrower(static_cast<int>(i % 40));
    } catch (int) {
      caught++;
    }
  }
  EXPECT(caught == rounds, "%ld exceptions, got %ld", rounds, caught);
  while (in_stub < 50) {
    for (int i = 0; i < 1000; i++)
      polyprobe_node_function__entry(1, "Scope", "storm", "unwind.cc", 1, POLYPROBE_KIND_CALL);
    fired += 1000;
  }
  itimerval none = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &none, nullptr);
  EXPECT(unwalkable == 0, "the stack to be walked from each stub, %d of %d times it ended there", (int)unwalkable,
         (int)in_stub);
  printf("armed %d fired %ld in_stub %d\n", polyprobe_site_armed(site), fired, static_cast<int>(in_stub));
  return 0;
}
