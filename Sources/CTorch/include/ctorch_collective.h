// Several processes that compute together: who they are, and sums over all of them. Conventions as in ctorch.h.
//
// They meet at a TCPStore. Tensors of the CPU are summed by gloo (inside libtorch_cpu), those of CUDA by NCCL, which is opened when
// it is first wanted. A thread beats once a second at the store and watches the others' beats.
#ifndef CTORCH_COLLECTIVE_H
#define CTORCH_COLLECTIVE_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct ct_group ct_group;

// Where a process stands among the others.
typedef struct {
    int32_t rank;
    int32_t size;
    // Whether all processes run on this machine.
    bool is_local;
    // Where the store is, and whether this process holds it.
    const char *address;
    int32_t port;
    bool holds_store;
    // What keys begin with, for a store that others use too.
    const char *prefix;
    int64_t timeout_milliseconds;
} ct_group_place;

// ---- a group (group.cpp) ------------------------------------------------------------------------------------------
// Waits for all processes. Null on failure.
ct_group *_Nullable ct_group_join(ct_group_place place);
// Replaces a dense tensor of the CPU or of CUDA by its sum over all processes; all must call it, in the same order.
bool ct_group_sum(ct_group *group, ct_optional tensor);
// Tells the others why this process ends. They say so, and end too.
void ct_group_fail(ct_group *group, const char *reason);
// Ends watching; after a last sum of all, before the process ends.
void ct_group_leave(ct_group *group);

// ---- for tests (nccl.cpp) -----------------------------------------------------------------------------------------
// Opens NCCL, looks up all that is called of it, and returns its version as text; what failed comes after "failed: ". Needs no GPU.
const char *ct_nccl_link(const char *path);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
#endif
