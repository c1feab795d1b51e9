/*
 * Fires what it is told, for the tests of the tracer: it reads a script from its standard
 * input, one command a line, and says `ready` at the start.
 *
 *   wait PROBE              until a tracer has armed the probe's site
 *   armed PROBE             answers 1 or 0
 *   call DEPTH              recursion: f calls itself DEPTH deep, with a leaf at the bottom of each level
 *   enter NAME | leave NAME HOW
 *   resume NAME             entry of kind 1
 *   switch STACK            the thread goes on on another stack
 *   busy NS                 spends CPU time
 *   repeat N                N calls of leaf
 *   names N                 N functions of different names, called once each
 *   threads N CALLS         N threads that call leaf at the same time
 *   gc KIND BEFORE AFTER NS
 *   request METHOD TARGET STATUS BYTES NS ERROR|-
 *   open METHOD TARGET      a request that isn't done
 *   throw CLASS LINE MESSAGE...
 *   fork                    goes on in a child, which has its own answers; the parent waits for it
 *   say TEXT                answers TEXT
 */
#include "polyprobe.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define N(probe) polyprobe_node_##probe

static const char *intern(const char *text) { return polyprobe_intern(text, strlen(text)); }

static const char *scope, *file;
static uint64_t last_request = 100;
static uint64_t stack;

static uint64_t line_of(const char *name) { return 10 + strlen(name); }

static void enter(const char *name, uint64_t kind) {
  N(function__entry)(0, scope, intern(name), file, line_of(name), kind);
}

static void leave(const char *name, uint64_t how) {
  N(function__return)(0, scope, intern(name), file, line_of(name), how);
}

static void busy(uint64_t ns) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t end = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + ns;
  do clock_gettime(CLOCK_MONOTONIC, &now);
  while ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec < end);
}

static void repeat(long calls) {
  const char *name = intern("leaf");
  for (long i = 0; i < calls; i++) {
    N(function__entry)(0, scope, name, file, 14, 0);
    N(function__return)(0, scope, name, file, 14, 0);
  }
}

static void *worker(void *calls) {
  repeat(*(long *)calls);
  return NULL;
}

static void threads(long count, long calls) {
  pthread_t all[64];
  for (long i = 0; i < count && i < 64; i++) pthread_create(&all[i], NULL, worker, &calls);
  for (long i = 0; i < count && i < 64; i++) pthread_join(all[i], NULL);
}

static void call(long depth) {
  enter("f", 0);
  if (depth > 1) call(depth - 1);
  repeat(1);
  leave("f", 0);
}

static int armed(const char *probe) {
  static const char *const names[] = {"function__entry", "gc__done", "request__done", "exception__thrown"};
  static const enum polyprobe_probe numbers[] = {POLYPROBE_PROBE_FUNCTION__ENTRY, POLYPROBE_PROBE_GC__DONE,
                                                 POLYPROBE_PROBE_REQUEST__DONE, POLYPROBE_PROBE_EXCEPTION__THROWN};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(names[i], probe) == 0) return polyprobe_site_armed(polyprobe_site(POLYPROBE_PROVIDER_NODE, numbers[i]));
  return -1;
}

static void request(int done, const char *method, const char *target, uint64_t status, uint64_t bytes, uint64_t ns,
                    const char *error) {
  uint64_t id = ((uint64_t)getpid() << 32) | ++last_request;
  N(request__start)(id, intern("http/1.1"), intern(method), intern(target), intern("127.0.0.1:1"), intern(""));
  if (done) N(request__done)(id, status, bytes, ns, intern(strcmp(error, "-") == 0 ? "" : error));
}

static void obey(const char *line) {
  char a[4096] = "", b[4096] = "", c[4096] = "";
  long n = 0, m = 0, k = 0;
  if (sscanf(line, "wait %4095s", a) == 1)
    while (!armed(a)) usleep(1000);
  else if (sscanf(line, "armed %4095s", a) == 1)
    printf("armed %d\n", armed(a));
  else if (sscanf(line, "call %ld", &n) == 1)
    call(n);
  else if (sscanf(line, "enter %4095s", a) == 1)
    enter(a, 0);
  else if (sscanf(line, "resume %4095s", a) == 1)
    enter(a, 1);
  else if (sscanf(line, "leave %4095s %ld", a, &n) == 2)
    leave(a, (uint64_t)n);
  else if (sscanf(line, "switch %ld", &n) == 1) {
    N(context__switch)(0, 0, stack, (uint64_t)n);
    stack = (uint64_t)n;
  } else if (sscanf(line, "busy %ld", &n) == 1)
    busy((uint64_t)n);
  else if (sscanf(line, "repeat %ld", &n) == 1)
    repeat(n);
  else if (sscanf(line, "threads %ld %ld", &n, &m) == 2)
    threads(n, m);
  else if (sscanf(line, "gc %4095s %ld %ld %ld", a, &n, &m, &k) == 4) {
    N(gc__start)(intern(a), 0, (uint64_t)n);
    N(gc__done)(intern(a), 0, (uint64_t)n, (uint64_t)m, (uint64_t)k);
  } else if (sscanf(line, "request %4095s %4095s %ld %ld %ld %4095[^\n]", a, b, &n, &m, &k, c) == 6)
    request(1, a, b, (uint64_t)n, (uint64_t)m, (uint64_t)k, c);
  else if (sscanf(line, "open %4095s %4095s", a, b) == 2)
    request(0, a, b, 0, 0, 0, "-");
  else if (sscanf(line, "throw %4095s %ld %4095[^\n]", a, &n, b) == 3)
    N(exception__thrown)(0, intern(a), intern(b), intern("thrower"), file, (uint64_t)n);
  else if (sscanf(line, "say %4095[^\n]", a) == 1)
    printf("%s\n", a);
  else if (sscanf(line, "names %ld", &n) == 1) {
    for (long i = 0; i < n; i++) {
      snprintf(a, sizeof a, "name%ld", i);
      enter(a, 0);
      leave(a, 0);
    }
  } else if (strncmp(line, "fork", 4) == 0) {
    if (fork() > 0) {
      wait(NULL);
      exit(0);
    }
    printf("child %d\n", (int)getpid());
  } else {
    printf("what? %s\n", line);
    exit(1);
  }
}

int main(int count, char **arguments) {
  char line[16384];
  scope = intern("Scope");
  file = intern(count > 1 ? arguments[1] : "/app/pattern.js");
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  /* Unbuffered reading: a forked child must not read the parent's lines again. */
  setvbuf(stdin, NULL, _IONBF, 0);
  printf("ready\n");
  while (fgets(line, sizeof line, stdin)) obey(line);
  return 0;
}
