/*
 * A program on strings: one command a line on stdin, one answer a line on stdout. The tests drive it, so that no test has
 * to sleep. It asks for a site by polyprobe_site and calls what it gets.
 *
 *   armed PROBE                 0 or 1
 *   wait PROBE 0|1              ok, once the site is in that state
 *   fire PROBE TIMES ARG...     ok; ARG: a number, or s:TEXT
 *   warm PROBE                  fires all-zero arguments till the next command comes; that command is answered then
 *   fork                        forked PID from the child, which serves the following commands until exit; then
 *                               "child ended STATUS" from the parent, which goes on
 *   exit
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "polyprobe.h"

typedef void (*stub)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);

static const void *site(const char *number) {
  const void *found = polyprobe_site(POLYPROBE_PROVIDER_NODE, (enum polyprobe_probe)atoi(number));
  if (!found) exit(3);
  return found;
}

static void pause_ms(long ms) { nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL); }

/* A line, unbuffered: a forked child must not take what the parent has read ahead. */
static int next_line(char *line, size_t size) {
  size_t length = 0;
  while (length + 1 < size && read(0, line + length, 1) == 1) {
    if (line[length] == '\n') {
      line[length] = '\0';
      return 1;
    }
    length++;
  }
  return 0;
}

static void fire(stub call, char *rest) {
  char *save;
  long times = strtol(strtok_r(rest, " ", &save), NULL, 10);
  uint64_t args[6] = {0};
  char *word;
  for (int i = 0; i < 6 && (word = strtok_r(NULL, " ", &save)); i++)
    args[i] = strncmp(word, "s:", 2) == 0 ? (uint64_t)(uintptr_t)polyprobe_intern(word + 2, strlen(word + 2))
              : *word == '-'              ? (uint64_t)strtoll(word, NULL, 10)
                                          : strtoull(word, NULL, 10);
  for (long i = 0; i < times; i++) call(args[0], args[1], args[2], args[3], args[4], args[5]);
}

int main(void) {
  char line[70000];
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("ready %d\n", (int)getpid());
  while (next_line(line, sizeof line)) {
    char *rest = line;
    const char *command = strsep(&rest, " ");
    if (strcmp(command, "exit") == 0) return 0;
    if (strcmp(command, "fork") == 0) {
      pid_t child = fork();
      int status;
      if (child == 0) {
        printf("forked %d\n", (int)getpid());
      } else {
        waitpid(child, &status, 0);
        printf("child ended %d\n", status);
      }
      continue;
    }
    const void *at = site(strsep(&rest, " "));
    if (strcmp(command, "armed") == 0) {
      printf("%d\n", polyprobe_site_armed(at));
    } else if (strcmp(command, "wait") == 0) {
      while (polyprobe_site_armed(at) != atoi(rest)) pause_ms(1);
      printf("ok\n");
    } else if (strcmp(command, "fire") == 0) {
      fire((stub)(uintptr_t)at, rest);
      printf("ok\n");
    } else if (strcmp(command, "warm") == 0) {
      struct pollfd in = {.fd = 0, .events = POLLIN};
      do ((stub)(uintptr_t)at)(0, (uintptr_t) "", (uintptr_t) "", (uintptr_t) "", 0, 0);
      while (poll(&in, 1, 10) == 0);
    } else {
      return 2;
    }
  }
  return 0;
}
