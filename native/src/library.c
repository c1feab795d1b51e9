/* What the library says of itself: version, sites, and why it can't work where it can't. */
#include <string.h>

#include "sites.h"

/* Read by tools through /proc/PID/mem; exported for its symbol only. */
POLYPROBE_API struct polyprobe_process polyprobe_process = {
    .magic = {'p', 'o', 'l', 'y', 'p', 'r', 'o', 'b'},
    .abi_version = (uint32_t)POLYPROBE_ABI_MAJOR << 16 | POLYPROBE_ABI_MINOR,
    .size = sizeof(struct polyprobe_process),
};

static void copy(char *to, size_t room, const char *from) {
  size_t length = from ? strnlen(from, room - 1) : 0;
  memcpy(to, from ? from : "", length);
  memset(to + length, 0, room - length);
}

void polyprobe_describe(const char *runtime, const char *program) {
  copy(polyprobe_process.runtime, sizeof polyprobe_process.runtime, runtime);
  copy(polyprobe_process.program, sizeof polyprobe_process.program, program);
}

uint32_t polyprobe_abi_version(void) { return (uint32_t)POLYPROBE_ABI_MAJOR << 16 | POLYPROBE_ABI_MINOR; }

const void *const *polyprobe_provider_sites(enum polyprobe_provider provider) {
  return (unsigned)provider < POLYPROBE_PROVIDER_COUNT ? polyprobe_sites[provider] : NULL;
}

const void *polyprobe_site(enum polyprobe_provider provider, enum polyprobe_probe probe) {
  if ((unsigned)provider >= POLYPROBE_PROVIDER_COUNT || (unsigned)probe >= POLYPROBE_PROBE_COUNT) return NULL;
  return polyprobe_sites[provider][probe];
}

const char *polyprobe_unsupported(void) {
#if POLYPROBE_SUPPORTED
  return NULL;
#elif defined(POLYPROBE_NO_STUBS)
  return "polyprobe was built without probe stubs (POLYPROBE_NO_STUBS)";
#elif defined(__linux__)
  return "polyprobe has probe stubs for x86-64 and aarch64 only";
#else
  return "polyprobe's probes need Linux";
#endif
}
