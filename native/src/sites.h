/* What sites.gen.c is written with; private to the library. */
#ifndef POLYPROBE_SITES_H
#define POLYPROBE_SITES_H

#include "polyprobe.h"

#if POLYPROBE_SUPPORTED
#define POLYPROBE_SITE(stub) ((const void *)&(stub))
#else
#define POLYPROBE_SITE(stub) NULL
#endif

/** Address of each stub, by provider and probe; NULL where there is none. */
extern __attribute__((visibility("hidden")))
const void *const polyprobe_sites[POLYPROBE_PROVIDER_COUNT][POLYPROBE_PROBE_COUNT];

#endif
