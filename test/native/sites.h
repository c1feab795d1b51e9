/* Sites of the tests' own: two words of memory that look like a stub's first bytes, armed by writing to them. */
#ifndef TEST_SITES_H
#define TEST_SITES_H

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"
#include "polyprobe.h"

struct test_site {
  uint32_t code;
} __attribute__((aligned(16)));

#if defined(__x86_64__)
static const uint32_t TEST_SITE_NOP = 0x0f2e6690, TEST_SITE_TRAP = 0x0f2e66cc;
#else
static const uint32_t TEST_SITE_NOP = 0xd503201f, TEST_SITE_TRAP = 0xd4200000;
#endif

/* As the kernel does it: unseen by a thread sanitizer, in one store. */
__attribute__((unused, noinline, no_sanitize("thread"))) static void test_site_set(struct test_site *site, int armed) {
  *(volatile uint32_t *)&site->code = armed ? TEST_SITE_TRAP : TEST_SITE_NOP;
}

/* The thread of a name, 0 if there is none. Sanitizers have threads of their own, so none is counted as such. */
static inline int test_thread_named(const char *name) {
  DIR *tasks = opendir("/proc/self/task");
  EXPECT(tasks, "/proc");
  int found = 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    char path[300], comm[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
    FILE *file = fopen(path, "r");
    if (file && fgets(comm, sizeof comm, file) && strcmp(strtok(comm, "\n"), name) == 0) found = atoi(task->d_name);
    if (file) fclose(file);
  }
  closedir(tasks);
  return found;
}

static inline int test_watcher(void) { return test_thread_named("polyprobe"); }

/* One line of a thread's status. */
static inline void test_thread_status(int thread, const char *key, char *value, size_t size) {
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/status", thread);
  FILE *file = fopen(path, "r");
  EXPECT(file, "the status of thread %d", thread);
  *value = '\0';
  while (fgets(line, sizeof line, file))
    if (strncmp(line, key, strlen(key)) == 0 && line[strlen(key)] == ':')
      snprintf(value, size, "%s", strtok(line + strlen(key) + 1, " \t\n"));
  fclose(file);
}

#endif
