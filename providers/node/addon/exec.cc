#include "exec.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

namespace polyprobe {

namespace {

std::vector<std::string> strings_of(const Napi::Array &array) {
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++) {
    Napi::Value value = array[i];
    strings.push_back(value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string());
  }
  return strings;
}

std::vector<char *> pointers_to(std::vector<std::string> &strings) {
  std::vector<char *> pointers;
  for (std::string &string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

/*
 * Node changes three things of its process that a program would inherit: it ignores SIGPIPE and SIGXFSZ, it may have made the standard
 * streams non-blocking, and it raises the soft limit of open files. The parent's limit is what the program would have had.
 */
void undo_what_node_changed() {
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int fd = 0; fd <= 2; fd++) {
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK)) fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    int descriptor = fcntl(fd, F_GETFD);
    if (descriptor >= 0 && (descriptor & FD_CLOEXEC)) fcntl(fd, F_SETFD, descriptor & ~FD_CLOEXEC);
  }
#ifdef __linux__
  rlimit ours, parents;
  if (getrlimit(RLIMIT_NOFILE, &ours) == 0 && prlimit(getppid(), RLIMIT_NOFILE, nullptr, &parents) == 0 &&
      parents.rlim_max == ours.rlim_max && parents.rlim_cur < ours.rlim_cur) {
    ours.rlim_cur = parents.rlim_cur;
    setrlimit(RLIMIT_NOFILE, &ours);
  }
#endif
}

/* A descriptor above the standard streams that exec would close. */
struct Descriptor {
  int fd;
  bool is_own;
  int status; /* F_GETFL */
  ino_t pipe; /* 0: no pipe */
  std::string link;
  int64_t made_ns; /* of a pipe that nobody has used since; else 0 */
};

int64_t made_ns(const struct stat &stat) {
  auto ns = [](const timespec &time) { return int64_t{time.tv_sec} * 1000000000 + time.tv_nsec; };
  return ns(stat.st_mtim) == ns(stat.st_ctim) && ns(stat.st_atim) == ns(stat.st_ctim) ? ns(stat.st_ctim) : 0;
}

std::vector<Descriptor> closed_by_exec() {
  std::vector<Descriptor> found;
  DIR *folder = opendir("/proc/self/fd");
  if (!folder) return found;
  while (dirent *entry = readdir(folder)) {
    int fd = atoi(entry->d_name);
    int flags = fd > 2 && fd != dirfd(folder) ? fcntl(fd, F_GETFD) : -1;
    if (flags < 0 || !(flags & FD_CLOEXEC)) continue;
    char path[32], target[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, target, sizeof target);
    struct stat stat;
    bool is_pipe = fstat(fd, &stat) == 0 && S_ISFIFO(stat.st_mode);
    found.push_back({fd, false, fcntl(fd, F_GETFL), is_pipe ? stat.st_ino : 0,
                     std::string(target, length > 0 ? static_cast<size_t>(length) : 0), is_pipe ? made_ns(stat) : 0});
  }
  closedir(folder);
  std::sort(found.begin(), found.end(), [](const Descriptor &a, const Descriptor &b) { return a.fd < b.fd; });
  return found;
}

/* libuv's lock for signals holds the byte 42: https://github.com/libuv/libuv/blob/v1.46.0/src/unix/signal.c#L115 */
bool is_lock(int fd) {
  int waiting = 0, copies[2];
  if (ioctl(fd, FIONREAD, &waiting) != 0 || waiting != 1 || pipe2(copies, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  char byte = 0;
  bool is = tee(fd, copies[1], 1, SPLICE_F_NONBLOCK) == 1 && read(copies[0], &byte, 1) == 1 && byte == 42;
  close(copies[0]);
  close(copies[1]);
  return is;
}

void mark(std::vector<Descriptor> &all, int fd) {
  for (Descriptor &one : all) one.is_own |= one.fd == fd;
  for (Descriptor &one : all)
    if (one.fd == fd && one.pipe)
      for (Descriptor &other : all) other.is_own |= other.pipe == one.pipe;
}

/* What an epoll has been told to watch is its loop's. Returns how many. */
int mark_watched(std::vector<Descriptor> &all, int epoll) {
  char path[40], line[256];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", epoll);
  FILE *file = fopen(path, "re");
  int count = 0, fd;
  while (file && fgets(line, sizeof line, file))
    if (sscanf(line, "tfd: %d", &fd) == 1) mark(all, fd), count++;
  if (file) fclose(file);
  return count;
}

/* The other end of a pipe, if it is here. */
Descriptor *other_end(std::vector<Descriptor> &all, const Descriptor &out) {
  if (!out.pipe || out.is_own || (out.status & O_ACCMODE) != O_RDONLY) return nullptr;
  for (Descriptor &in : all)
    if (in.pipe == out.pipe && (in.status & O_ACCMODE) == O_WRONLY) return &in;
  return nullptr;
}

void mark_lock(std::vector<Descriptor> &all, int above) {
  for (Descriptor &out : all) {
    Descriptor *in = other_end(all, out);
    if (out.fd < above || !in || out.status & O_NONBLOCK || !is_lock(out.fd)) continue;
    out.is_own = in->is_own = true;
    return;
  }
}

/* The pipe for signals of a loop that never ran: nobody has used it, and it is younger than what we were given. */
int mark_unused_pipe(std::vector<Descriptor> &all, int above) {
  Descriptor *youngest = nullptr;
  for (Descriptor &out : all)
    if (out.fd > above && out.status & O_NONBLOCK && out.made_ns && other_end(all, out) &&
        (!youngest || out.made_ns > youngest->made_ns))
      youngest = &out;
  if (!youngest) return above;
  Descriptor *in = other_end(all, *youngest);
  youngest->is_own = in->is_own = true;
  return std::max(in->fd, youngest->fd);
}

void mark_first(std::vector<Descriptor> &all, int above, const char *link) {
  for (Descriptor &one : all) {
    if (one.fd <= above || one.is_own || one.link != link) continue;
    one.is_own = true;
    return;
  }
}

/*
 * Node's own. Each of its loops opens, in this order and above what was open before: an epoll, perhaps an io_uring, a pipe for
 * signals, an eventfd; the first one a lock after its epoll; and something opens /dev/null in the end. What belongs to a loop
 * that runs is known exactly. One may never have run; whoever started us may have given us a pipe with both ends (a job
 * server), or an eventfd, as well.
 */
void mark_own(std::vector<Descriptor> &all, const uv_loop_t *loop) {
  std::vector<int> silent;
  bool is_first = true;
  for (Descriptor &one : all) {
    if (one.link == "anon_inode:[io_uring]") one.is_own = true;
    if (one.link != "anon_inode:[eventpoll]") continue;
    one.is_own = true;
    if (is_first) mark_lock(all, one.fd);
    is_first = false;
    if (mark_watched(all, one.fd) == 0 && one.fd != loop->backend_fd) silent.push_back(one.fd);
  }
  mark(all, loop->signal_pipefd[0]);
  mark(all, loop->async_io_watcher.fd);
  for (int epoll : silent) mark_first(all, mark_unused_pipe(all, epoll), "anon_inode:[eventfd]");
  int last = 2;
  for (const Descriptor &one : all)
    if (one.is_own) last = one.fd;
  mark_first(all, last, "/dev/null");
}

/*
 * inherited() → the descriptors above 2 that this process was started with, and that Node has marked to be closed: all
 * that are open, but Node's own. To be asked before anything else is opened.
 */
Napi::Value inherited(const Napi::CallbackInfo &info) {
  Napi::Array list = Napi::Array::New(info.Env());
  uv_loop_t *loop = nullptr;
  if (napi_get_uv_event_loop(info.Env(), &loop) != napi_ok) return list;
  std::vector<Descriptor> all = closed_by_exec();
  mark_own(all, loop);
  for (const Descriptor &one : all)
    if (!one.is_own) list[list.Length()] = Napi::Number::New(info.Env(), one.fd);
  return list;
}

/* exec(path, args, environment, descriptors to pass on): only returns when it failed, the errno value */
Napi::Value exec(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsArray() || !info[2].IsArray()) {
    Napi::TypeError::New(env, "exec: expected a path, arguments and an environment").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  std::string path = info[0].As<Napi::String>().Utf8Value();
  std::vector<std::string> args = strings_of(info[1].As<Napi::Array>());
  std::vector<std::string> environment = strings_of(info[2].As<Napi::Array>());
  Napi::Array kept = info[3].IsArray() ? info[3].As<Napi::Array>() : Napi::Array::New(env);
  for (uint32_t i = 0; i < kept.Length(); i++) {
    int fd = Napi::Value(kept[i]).ToNumber().Int32Value(), flags = fcntl(fd, F_GETFD);
    if (flags >= 0) fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
  }
  undo_what_node_changed();
  execve(path.c_str(), pointers_to(args).data(), pointers_to(environment).data());
  return Napi::Number::New(env, errno);
}

} // namespace

void exec_exports(Napi::Env env, Napi::Object exports) {
  exports.Set("exec", Napi::Function::New(env, exec, "exec"));
  exports.Set("inherited", Napi::Function::New(env, inherited, "inherited"));
}

} // namespace polyprobe
