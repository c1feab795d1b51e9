/* Where each stub is, by provider and probe.
 * Generated from core/abi/probes.ts by `npm run generate`; do not edit.
 */
#include "sites.h"

const void *const polyprobe_sites[POLYPROBE_PROVIDER_COUNT][POLYPROBE_PROBE_COUNT] = {
  [POLYPROBE_PROVIDER_NODE] = {
    [POLYPROBE_PROBE_FUNCTION__ENTRY] = POLYPROBE_SITE(polyprobe_node_function__entry),
    [POLYPROBE_PROBE_FUNCTION__RETURN] = POLYPROBE_SITE(polyprobe_node_function__return),
    [POLYPROBE_PROBE_EXCEPTION__THROWN] = POLYPROBE_SITE(polyprobe_node_exception__thrown),
    [POLYPROBE_PROBE_GC__START] = POLYPROBE_SITE(polyprobe_node_gc__start),
    [POLYPROBE_PROBE_GC__DONE] = POLYPROBE_SITE(polyprobe_node_gc__done),
    [POLYPROBE_PROBE_LOAD__START] = POLYPROBE_SITE(polyprobe_node_load__start),
    [POLYPROBE_PROBE_LOAD__DONE] = POLYPROBE_SITE(polyprobe_node_load__done),
    [POLYPROBE_PROBE_REQUEST__START] = POLYPROBE_SITE(polyprobe_node_request__start),
    [POLYPROBE_PROBE_REQUEST__DONE] = POLYPROBE_SITE(polyprobe_node_request__done),
    [POLYPROBE_PROBE_CALL__START] = POLYPROBE_SITE(polyprobe_node_call__start),
    [POLYPROBE_PROBE_CALL__DONE] = POLYPROBE_SITE(polyprobe_node_call__done),
    [POLYPROBE_PROBE_CONTEXT__SWITCH] = POLYPROBE_SITE(polyprobe_node_context__switch),
    [POLYPROBE_PROBE_RUNTIME__HOOKS] = POLYPROBE_SITE(polyprobe_node_runtime__hooks),
  },
};
