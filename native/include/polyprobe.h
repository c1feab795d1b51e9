/**
 * polyprobe.h: fire polyprobe's probes from C or C++, and learn when a tracer attaches.
 *
 * The essay. Every traced process maps one file, libpolyprobe.so. A probe is a function in it whose first instruction is
 * a nop that a note in the file describes; a tracer that attaches makes the kernel put a trap there, for every process
 * that maps the file. So a provider needs nothing but
 *
 *     if (POLYPROBE_ARMED(polyprobe_node_gc__start))                         // two loads and a compare
 *       polyprobe_node_gc__start("scavenge", 0, heap_bytes);
 *
 * and, where a hook has to be put into an interpreter before there is anything to fire, a watch (polyprobe_watch_open)
 * that tells it when.
 *
 * What callers promise: strings are NUL-terminated UTF-8, never NULL ("" for unknown), valid until the call returns, and
 * touched (polyprobe_touch): a tracer's program can't fault a page in, so a string whose page isn't there reads as empty.
 * polyprobe_intern gives strings that live as long as the process.
 *
 * Races, named: a site is armed a few milliseconds before the tracer's program is ready, and for some time after it has
 * gone. An event fired then is nobody's; nothing else happens. Reading the site is a plain load of code bytes that the
 * kernel replaces atomically for one byte, so it is always either armed or not.
 *
 * Threads: every function may be called on any thread unless it says otherwise. Fork: everything works in the child; only
 * the watcher's thread has to be started again (polyprobe_watch_resume), because a thread started inside fork would run
 * between fork and exec.
 *
 * Where there are no stubs (no Linux, or neither x86-64 nor aarch64) the same functions exist and do nothing;
 * polyprobe_unsupported() says why.
 */
#ifndef POLYPROBE_H
#define POLYPROBE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__linux__) && defined(__LP64__) && !defined(POLYPROBE_NO_STUBS) && \
    (defined(__x86_64__) || defined(__AARCH64EL__))
#define POLYPROBE_SUPPORTED 1
/** Declares one stub. Only polyprobe_abi.gen.h uses it. */
#define POLYPROBE_STUB __attribute__((visibility("default")))
#else
#define POLYPROBE_SUPPORTED 0
#endif

#include "polyprobe_abi.gen.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Marks what the library exports. */
#define POLYPROBE_API __attribute__((visibility("default")))

/* Is a tracer there? ------------------------------------------------------------------------------------------------ */

/**
 * Whether a tracer has armed a site: the kernel has replaced its first instruction.
 * @param site address of a stub; owned by the library, valid for ever. NULL reads as not armed.
 * @return 1 or 0. No system call, no lock; 0.3 ns when in cache.
 */
static inline int polyprobe_site_armed(const void *site) {
#if !POLYPROBE_SUPPORTED
  (void)site;
  return 0;
#elif defined(__x86_64__)
  /* 90 66: the nop and the first byte of the one behind it (little endian). */
  return site != NULL && *(const volatile uint16_t *)site != 0x6690;
#else
  return site != NULL && *(const volatile uint32_t *)site != 0xd503201fu;
#endif
}

/**
 * Whether a tracer has armed a probe, by its stub: POLYPROBE_ARMED(polyprobe_node_gc__start).
 *
 * Needs position-independent code (-fPIC or -fPIE, what shared objects are): in a fixed-address program the stub's name
 * stands for an entry of the program's own linkage table, which is no site. There, ask polyprobe_site() once and keep it.
 */
#if !POLYPROBE_SUPPORTED
#define POLYPROBE_ARMED(stub) 0
#elif defined(__PIC__) || defined(__PIE__)
#define POLYPROBE_ARMED(stub) polyprobe_site_armed((const void *)(uintptr_t)(&(stub)))
#else
#define POLYPROBE_ARMED(stub) POLYPROBE_ARMED_needs_fPIC_or_fPIE
#endif

/**
 * Site of a probe.
 * @return its address, owned by the library, valid for ever; NULL where this provider has no such probe.
 */
POLYPROBE_API const void *polyprobe_site(enum polyprobe_provider provider, enum polyprobe_probe probe);

/**
 * Sites of a provider, indexed by enum polyprobe_probe; NULL entries where it has no such probe.
 * @return POLYPROBE_PROBE_COUNT pointers owned by the library, valid for ever; NULL for a number that is no provider's.
 */
POLYPROBE_API const void *const *polyprobe_provider_sites(enum polyprobe_provider provider);

/* Versions ---------------------------------------------------------------------------------------------------------- */

/** ABI of the library that is mapped: major in the high 16 bits, minor in the low ones. */
POLYPROBE_API uint32_t polyprobe_abi_version(void);

/**
 * Whether a provider that was compiled with this header may use the mapped library: same major, and the library's minor
 * at least the provider's. A provider asks when it loads and otherwise stays off.
 * @return 1 or 0
 */
static inline int polyprobe_abi_compatible(void) {
  int major = (int)(polyprobe_abi_version() >> 16), minor = (int)(polyprobe_abi_version() & 0xffffu);
  return major == POLYPROBE_ABI_MAJOR && minor - POLYPROBE_ABI_MINOR >= 0;
}

/**
 * Why nothing can fire here.
 * @return NULL when probes work, else a sentence; owned by the library, valid for ever.
 */
POLYPROBE_API const char *polyprobe_unsupported(void);

/**
 * Says what runs in this process, for tools that list processes: they read it out of the process's memory
 * (`polyprobe_process`, by the kernel's own permission check). Call it when a provider starts; a later call replaces it.
 * @param runtime name and version, "node 20.20.2"; copied, cut at 63 bytes
 * @param program path of the main program; copied, cut at 511 bytes
 */
POLYPROBE_API void polyprobe_describe(const char *runtime, const char *program);

/** What polyprobe_describe has said. The layout is part of the ABI: tools find it by its symbol. */
struct polyprobe_process {
  char magic[8];        /**< "polyprob" */
  uint32_t abi_version; /**< polyprobe_abi_version() */
  uint32_t size;        /**< of this struct, in bytes */
  char runtime[64];
  char program[512];
};

/* Strings ----------------------------------------------------------------------------------------------------------- */

/** What a tracer reads of one string at most, in bytes: it spans two pages, so two touches make it readable. */
#define POLYPROBE_STRING_MAX 4096

/**
 * Makes sure that a tracer can read a string: touches its first byte and the last one that a tracer would read.
 * @param string not NULL; borrowed for the call
 * @param length bytes before the terminating NUL
 */
static inline void polyprobe_touch(const char *string, size_t length) {
  size_t last = length < POLYPROBE_STRING_MAX ? length : POLYPROBE_STRING_MAX - 1;
  (void)*(const volatile char *)string;
  (void)*((const volatile char *)string + last);
}

/**
 * One copy of a string for the life of the process, the same pointer for the same bytes.
 * @param string UTF-8, borrowed for the call; NULL reads as ""
 * @param length bytes; a NUL among them ends the string
 * @return NUL-terminated, owned by the library, never freed; "" when memory is short
 */
POLYPROBE_API const char *polyprobe_intern(const char *string, size_t length);

/* Request ids ------------------------------------------------------------------------------------------------------- */

/**
 * A new id for a request or a call, unique on the host: a random number of this process in the high 32 bits (a forked
 * child draws its own), a counter in the low ones.
 * @return never 0
 */
POLYPROBE_API uint64_t polyprobe_request_id(void);

/* The watcher ------------------------------------------------------------------------------------------------------- */

/** A set of sites that is watched. */
typedef struct polyprobe_watch polyprobe_watch;

/** Sites in one watch at most: a bit each. */
#define POLYPROBE_WATCH_MAX 64

/**
 * How often the watcher looks, in milliseconds: 15 times a second, 0.04 % of a core (npm run bench), and a tracer is seen
 * within 100 ms with the time that a hook takes.
 */
#define POLYPROBE_WATCH_MS 65

/**
 * Told of a change, on the watcher's thread: all signals blocked, 256 KiB of stack, no lock of the library held. It may
 * block (for an interpreter's lock), which delays the other watches of the process and nothing else. It must not fork.
 * When another thread forks in the middle of it, the child is told again (after polyprobe_watch_resume).
 * @param armed bit i: site i is armed now
 * @param user as given to polyprobe_watch_open
 */
typedef void (*polyprobe_watch_changed)(uint64_t armed, void *user);

/**
 * Watches sites. The first watch of a process starts its one watcher thread, which looks every POLYPROBE_WATCH_MS.
 * The state at the time of the call counts as known: it isn't told, read it by polyprobe_watch_armed.
 * @param sites count pointers, copied; NULL entries are never armed
 * @param count 1 to POLYPROBE_WATCH_MAX
 * @param user handed to changed, never looked at
 * @return the watch, owned by the caller until polyprobe_watch_close; NULL with errno EINVAL (arguments), ENOMEM, EAGAIN
 *         (no thread to be had) or ENOTSUP (polyprobe_unsupported)
 */
POLYPROBE_API polyprobe_watch *polyprobe_watch_open(const void *const *sites, unsigned count,
                                                    polyprobe_watch_changed changed, void *user);

/** Sites of a watch that are armed at this moment, a bit each. Doesn't wait for the watcher. */
POLYPROBE_API uint64_t polyprobe_watch_armed(const polyprobe_watch *watch);

/**
 * Ends a watch and frees it. When it returns, changed isn't running and won't run again; called from within changed itself
 * it returns at once and changed won't run again. The last one ends the watcher's thread. NULL is ignored.
 * It waits for a changed that runs: call it without the locks that changed takes.
 */
POLYPROBE_API void polyprobe_watch_close(polyprobe_watch *watch);

/**
 * Starts the watcher again in a forked child. Call it from the runtime's own after-fork hook, or at the first use of the
 * runtime in the child; elsewhere it does nothing. Changes since the fork are told.
 * @return 0, or an errno value
 */
POLYPROBE_API int polyprobe_watch_resume(void);

#ifdef __cplusplus
}
#endif

#endif
