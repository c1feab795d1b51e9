#include "exec.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* exec(path, args, environment): only returns when it failed, the errno value */
Napi::Value exec(const Napi::CallbackInfo &info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[1].IsArray() || !info[2].IsArray()) {
    Napi::TypeError::New(env, "exec: expected a path, arguments and an environment").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  std::string path = info[0].As<Napi::String>().Utf8Value();
  std::vector<std::string> args = strings_of(info[1].As<Napi::Array>());
  std::vector<std::string> environment = strings_of(info[2].As<Napi::Array>());
  undo_what_node_changed();
  execve(path.c_str(), pointers_to(args).data(), pointers_to(environment).data());
  return Napi::Number::New(env, errno);
}

} // namespace

void exec_exports(Napi::Env env, Napi::Object exports) { exports.Set("exec", Napi::Function::New(env, exec, "exec")); }

} // namespace polyprobe
