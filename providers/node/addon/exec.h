/* exec: replaces this process by another program, for `polyprobe run`. */
#pragma once
#include <napi.h>

namespace polyprobe {

/** Adds `exec` to the addon's exports. */
void exec_exports(Napi::Env env, Napi::Object exports);

} // namespace polyprobe
