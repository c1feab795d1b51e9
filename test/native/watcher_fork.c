/*
 * The watcher and processes that are made: forked, spawned, in storms.
 *
 *   watcher_fork TEST     see the table at the end
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "sites.h"

static struct test_site sites[8];
static const void *pointers[8];
static _Atomic int times, entered, hold;
static _Atomic uint64_t last;

static void changed(uint64_t armed, void *user) {
  (void)user;
  entered++;
  while (hold) expect_pause_ms(1);
  last = armed;
  times++;
}

static polyprobe_watch *open_watch(void) {
  polyprobe_watch *watch = polyprobe_watch_open(pointers, 8, changed, NULL);
  EXPECT(watch, "a watch, not '%s'", strerror(errno));
  return watch;
}

static void ends_well(pid_t child) {
  int status;
  EXPECT(waitpid(child, &status, 0) == child, "the child");
  EXPECT(status == 0, "the child to end well, not %x", status);
}

static pid_t forked(void) {
  pid_t child = fork();
  EXPECT(child >= 0, "a child, not '%s'", strerror(errno));
  if (child == 0) alarm(60);
  return child;
}

static void resumes(void) {
  polyprobe_watch *watch = open_watch();
  test_site_set(&sites[0], 1);
  EXPECT_SOON(times == 1, "the parent told");
  pid_t child = forked();
  if (child == 0) {
    EXPECT(!test_watcher(), "no thread in the child");
    test_site_set(&sites[1], 1);
    expect_pause_ms(150);
    EXPECT(times == 1 && !test_watcher(), "nothing told before the watcher is resumed");
    EXPECT(polyprobe_watch_armed(watch) == 3, "the state to be read without it");
    EXPECT(polyprobe_watch_resume() == 0 && test_watcher(), "a thread");
    EXPECT_SOON(times == 2 && last == 3, "the change since the fork told");
    EXPECT(polyprobe_watch_resume() == 0, "resuming again to do nothing");
    pid_t grandchild = forked();
    if (grandchild == 0) {
      EXPECT(polyprobe_watch_resume() == 0, "a grandchild's thread");
      test_site_set(&sites[0], 0);
      EXPECT_SOON(times == 3 && last == 2, "a grandchild told");
      polyprobe_watch_close(watch);
      EXPECT_SOON(!test_watcher(), "the grandchild's thread ended");
      _exit(0);
    }
    ends_well(grandchild);
    polyprobe_watch_close(watch);
    EXPECT_SOON(!test_watcher(), "the child's thread ended");
    exit(0);
  }
  ends_well(child);
  /* A child that closes without ever resuming, and one that opens another watch, which starts the thread for both. */
  child = forked();
  if (child == 0) {
    polyprobe_watch_close(watch);
    exit(0);
  }
  ends_well(child);
  child = forked();
  if (child == 0) {
    polyprobe_watch *second = open_watch();
    test_site_set(&sites[2], 1);
    EXPECT_SOON(times == 3, "both watches told");
    polyprobe_watch_close(watch);
    polyprobe_watch_close(second);
    exit(0);
  }
  ends_well(child);
  test_site_set(&sites[0], 0);
  EXPECT_SOON(times == 2 && last == 0, "the parent told as before");
  polyprobe_watch_close(watch);
}

/* As when a callback waits for the lock whose owner forks: in the child it never goes on. */
static void cut_off(void) {
  polyprobe_watch *watch = open_watch();
  hold = 1;
  test_site_set(&sites[0], 1);
  EXPECT_SOON(entered == 1, "the callback running");
  pid_t child = forked();
  if (child == 0) {
    hold = 0;
    EXPECT(times == 0, "nothing told yet");
    EXPECT(polyprobe_watch_resume() == 0, "a thread");
    EXPECT_SOON(times == 1 && last == 1, "told again what the fork has cut off");
    expect_pause_ms(120);
    EXPECT(times == 1, "told once");
    polyprobe_watch_close(watch);
    exit(0);
  }
  ends_well(child);
  child = forked();
  if (child == 0) {
    polyprobe_watch_close(watch); /* mustn't wait for a callback that doesn't run here */
    exit(0);
  }
  ends_well(child);
  hold = 0;
  EXPECT_SOON(times == 1, "the parent's callback to go on");
  expect_pause_ms(120);
  EXPECT(times == 1, "the parent told once");
  polyprobe_watch_close(watch);
}

static _Atomic int stop;
static void *open_and_close(void *unused) {
  (void)unused;
  for (int i = 0; !stop; i++) {
    polyprobe_watch *watch = open_watch();
    if (i % 5 == 0) expect_pause_ms(1);
    polyprobe_watch_close(watch);
  }
  return NULL;
}

static void *fork_on(void *unused) {
  (void)unused;
  for (int i = 0; !stop; i++) {
    pid_t child = forked();
    if (child == 0) {
      EXPECT(polyprobe_watch_resume() == 0, "a thread");
      polyprobe_watch *watch = open_watch();
      EXPECT(polyprobe_request_id() != 0, "an id");
      polyprobe_watch_close(watch);
      _exit(0);
    }
    ends_well(child);
  }
  return NULL;
}

static void storm(void) {
  pthread_t threads[6];
  for (int i = 0; i < 6; i++) threads[i] = expect_thread(i < 3 ? open_and_close : fork_on, NULL);
  for (int i = 0; i < 600; i++) {
    test_site_set(&sites[i % 8], i / 8 % 2);
    expect_pause_ms(5);
  }
  stop = 1;
  for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
  EXPECT_SOON(!test_watcher(), "no thread in the end");
}

extern char **environ;

static void spawns(void) {
  polyprobe_watch *watch = open_watch();
  char *argv[] = {"true", NULL};
  for (int i = 0; i < 1000; i++) {
    test_site_set(&sites[i % 8], i / 8 % 2);
    pid_t child;
    if (i % 3 == 0) {
      child = fork();
    } else if (i % 3 == 1) {
      child = vfork();
    } else {
      EXPECT(posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) == 0, "posix_spawn");
    }
    if (child == 0) {
      execv("/bin/true", argv);
      _exit(127);
    }
    ends_well(child);
  }
  EXPECT(test_watcher(), "the parent's thread as before");
  /* Otherwise the change below may lead back to what was told last, which is no change. */
  EXPECT_SOON(last == polyprobe_watch_armed(watch), "the last change told");
  int before = times;
  test_site_set(&sites[0], !(polyprobe_watch_armed(watch) & 1));
  EXPECT_SOON(times > before, "the parent told as before");
  polyprobe_watch_close(watch);
}

static int inheritable(void) {
  int count = 0;
  for (int fd = 0; fd < 1024; fd++) {
    int flags = fcntl(fd, F_GETFD);
    count += flags >= 0 && !(flags & FD_CLOEXEC);
  }
  return count;
}

static void nothing_is_left_behind(void) {
  int before = inheritable();
  polyprobe_watch *watch = open_watch();
  for (int i = 0; i < 130; i++) { /* one of its once-a-second checks falls into these */
    EXPECT(inheritable() == before, "no descriptor for a started program to inherit");
    expect_pause_ms(10);
  }
  polyprobe_watch_close(watch);
}

/* More thread-local storage than the watcher's usual stack holds. */
static _Thread_local volatile char large[1 << 20];
static void large_storage(void) {
  large[0] = 1;
  polyprobe_watch *watch = open_watch();
  test_site_set(&sites[0], 1);
  EXPECT_SOON(times == 1, "told");
  polyprobe_watch_close(watch);
}

#define TEST(name) \
  { #name, name }
static const struct {
  const char *name;
  void (*run)(void);
} tests[] = {TEST(resumes),      TEST(cut_off), TEST(storm), TEST(spawns), TEST(nothing_is_left_behind),
             TEST(large_storage)};

int main(int argc, char **argv) {
  for (int i = 0; i < 8; i++) {
    test_site_set(&sites[i], 0);
    pointers[i] = &sites[i];
  }
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
    if (argc > 1 && strcmp(argv[1], tests[i].name) == 0) {
      tests[i].run();
      return 0;
    }
  return 2;
}
