/* What the C tests share: a check that ends the program with a sentence, threads and waiting on a condition. */
#ifndef EXPECT_H
#define EXPECT_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/** Ends the program when something doesn't hold; the sentence says what was expected. */
#define EXPECT(holds, ...)                                     \
  do {                                                         \
    if (!(holds)) {                                            \
      fprintf(stderr, "%s:%d: expected ", __FILE__, __LINE__); \
      fprintf(stderr, __VA_ARGS__);                            \
      fprintf(stderr, " (" #holds ")\n");                      \
      _Exit(1);                                                \
    }                                                          \
  } while (0)

static inline void expect_pause_ms(long ms) {
  struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&time, NULL);
}

/** Waits till something holds, at most 20 s: a bound for a test that fails, not a time to be met. */
#define EXPECT_SOON(holds, ...)                               \
  do {                                                        \
    for (int tries = 0; tries < 20000 && !(holds); tries++) { \
      expect_pause_ms(1);                                     \
    }                                                         \
    EXPECT(holds, __VA_ARGS__);                               \
  } while (0)

static inline pthread_t expect_thread(void *(*body)(void *), void *argument) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, body, argument) == 0, "a thread");
  return thread;
}

#endif
