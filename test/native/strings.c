/*
 * Interned strings and touched ones.
 *
 *   strings [quick]
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "polyprobe.h"

enum {
  THREADS = 8
};

static int names = 20000;
static _Atomic int stop;

static void one_by_one(void) {
  char text[] = "function";
  const char *kept = polyprobe_intern(text, 8);
  EXPECT(kept != text && strcmp(kept, "function") == 0, "a copy");
  EXPECT(polyprobe_intern("function", 8) == kept, "one pointer for the same bytes");
  text[0] = 'j';
  EXPECT(strcmp(kept, "function") == 0, "the copy to stay when the original changes");
  EXPECT(polyprobe_intern("function and more", 8) == kept, "the length to end the string");
  EXPECT(polyprobe_intern("function\0more", 13) == kept, "a NUL to end the string");
  EXPECT(strcmp(polyprobe_intern("functio", 7), "functio") == 0, "a prefix to be a string of its own");

  const char *empty = polyprobe_intern("", 0);
  EXPECT(empty && *empty == '\0', "an empty string");
  EXPECT(polyprobe_intern(NULL, 0) == empty && polyprobe_intern(NULL, 5) == empty, "NULL to read as empty");
  EXPECT(polyprobe_intern("\0x", 2) == empty, "a leading NUL to leave nothing");

  const char *bytes = polyprobe_intern("\xff\xfe\x80 caf\xe9", 8);
  EXPECT(memcmp(bytes, "\xff\xfe\x80 caf\xe9", 9) == 0, "bytes that aren't UTF-8 kept");

  size_t large = 1 << 20;
  char *much = malloc(large + 1);
  memset(much, 'm', large);
  much[large] = '\0';
  const char *copy = polyprobe_intern(much, large);
  EXPECT(strlen(copy) == large && memcmp(copy, much, large) == 0, "1 MB kept whole");
  EXPECT(polyprobe_intern(much, large) == copy, "1 MB interned once");
  much[large - 1] = 'n';
  EXPECT(polyprobe_intern(much, large) != copy, "the last byte to count");
  free(much);
}

static const char *name(int number) {
  char text[64];
  int length = snprintf(text, sizeof text, "%*s%d", number % 40, "", number);
  return polyprobe_intern(text, (size_t)length);
}

static void *intern_all(void *into) {
  const char **found = into;
  for (int i = 0; i < names; i++) found[i] = name(i);
  return NULL;
}

static void over_threads(void) {
  const char **found[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    found[i] = malloc((size_t)names * sizeof *found[i]);
    threads[i] = expect_thread(intern_all, found[i]);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  for (int n = 0; n < names; n++) {
    EXPECT(atoi(found[0][n]) == n, "string %d to be itself, not '%s'", n, found[0][n]);
    for (int i = 1; i < THREADS; i++) EXPECT(found[i][n] == found[0][n], "the same pointer on every thread");
  }
  for (int i = 0; i < THREADS; i++) free(found[i]);
}

static void *intern_on(void *unused) {
  (void)unused;
  for (int i = 0; !stop; i++) name(names + i % 100000);
  return NULL;
}

static void forks_meanwhile(int forks) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) threads[i] = expect_thread(intern_on, NULL);
  const char *known = name(7);
  for (int i = 0; i < forks; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(20); /* a lock that nobody would give back */
      EXPECT(name(7) == known, "the child to know the parent's strings");
      EXPECT(atoi(name(10000000 + i)) == 10000000 + i, "the child to intern new ones");
      _exit(0);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child && status == 0, "child %d to end well, not %x", i, status);
  }
  stop = 1;
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
}

/* A string at the end of a page, the next page missing: touching reads no byte that isn't the string's. */
static void touched(void) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  char *memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(memory != MAP_FAILED && mprotect(memory + 2 * page, page, PROT_NONE) == 0, "memory with an end");
  char *end = memory + 2 * page;
  end[-1] = '\0';
  polyprobe_touch(end - 1, 0);
  memcpy(end - 4, "end", 4);
  polyprobe_touch(end - 4, 3);
  memset(end - page, 'x', page - 1);
  polyprobe_touch(end - page, page - 1);

  char *cold = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(cold != MAP_FAILED, "untouched memory");
  unsigned char present[3];
  polyprobe_touch(cold + page - 1, page);
  EXPECT(mincore(cold, 3 * page, present) == 0, "mincore");
  EXPECT((present[0] & 1) && (present[1] & 1), "both pages of a string to be there");
  EXPECT(!(present[2] & 1), "no page behind it");
  polyprobe_touch(cold + page, 3 * page); /* what no tracer reads isn't touched */
}

int main(int argc, char **argv) {
  int quick = argc > 1 && strcmp(argv[1], "quick") == 0;
  if (quick) names = 2000;
  one_by_one();
  over_threads();
  forks_meanwhile(quick ? 20 : 300);
  if (!quick) touched();
  puts("kept");
  return 0;
}
