/* One stub for each probe that fires, side by side in one section.
 * Generated from core/abi/probes.ts by `npm run generate`; do not edit.
 */
#include "stub.S.h"

STUBS_BEGIN

STUB polyprobe_node, function__entry, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5"

STUB polyprobe_node, function__return, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5"

STUB polyprobe_node, exception__thrown, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5"

STUB polyprobe_node, gc__start, "8@%rdi 8@%rsi 8@%rdx", "8@x0 8@x1 8@x2"

STUB polyprobe_node, gc__done, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8", "8@x0 8@x1 8@x2 8@x3 8@x4"

STUB polyprobe_node, load__start, "8@%rdi 8@%rsi 8@%rdx", "8@x0 8@x1 8@x2"

STUB polyprobe_node, load__done, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8", "8@x0 8@x1 8@x2 8@x3 8@x4"

STUB polyprobe_node, request__start, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5"

STUB polyprobe_node, request__done, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8", "8@x0 8@x1 8@x2 8@x3 8@x4"

STUB polyprobe_node, call__start, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5"

STUB polyprobe_node, call__done, "8@%rdi 8@%rsi 8@%rdx 8@%rcx 8@%r8 8@%r9", "8@x0 8@x1 8@x2 8@x3 8@x4 8@x5"

STUB polyprobe_node, context__switch, "8@%rdi 8@%rsi 8@%rdx 8@%rcx", "8@x0 8@x1 8@x2 8@x3"

STUB polyprobe_node, runtime__hooks, "8@%rdi 8@%rsi 8@%rdx", "8@x0 8@x1 8@x2"

STUBS_END
