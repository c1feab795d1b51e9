/* fire: probes whose events are seen in JavaScript (requests, loads). Called by addon.cc for its exports. */
#pragma once
#include <napi.h>

#include "agent.h"

namespace polyprobe {

/** Adds the functions that JavaScript fires probes with to the addon's exports. */
void fire_exports(Napi::Env env, Napi::Object exports);

/** The isolate ends: what is still open is done by that. */
void fire_end(Agent *agent);

} // namespace polyprobe
