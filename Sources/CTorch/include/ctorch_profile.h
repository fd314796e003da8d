// Where time and memory of this thread's tensor work go: spans of our own kernels and of every LibTorch operator.
// While nothing is recorded a span costs one test of a thread's pointer, and LibTorch's operators run without observers.
#ifndef CTORCH_PROFILE_H
#define CTORCH_PROFILE_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// What a span's time counts as. A span inside attention, the output layer, the optimizer or data counts as those.
enum {
    CT_GROUP_PRODUCTS, CT_GROUP_ATTENTION, CT_GROUP_ELEMENTWISE, CT_GROUP_OUTPUT, CT_GROUP_OPTIMIZER, CT_GROUP_DATA, CT_GROUP_COPIES,
    CT_GROUP_OTHER, CT_NUM_GROUPS
};
// Parts of a run; phases do not nest: beginning one interrupts the one before.
enum {
    CT_PHASE_OTHER, CT_PHASE_LOAD, CT_PHASE_DATA, CT_PHASE_FORWARD, CT_PHASE_BACKWARD, CT_PHASE_OPTIMIZER, CT_PHASE_EVALUATION, CT_PHASE_SAVE,
    CT_NUM_PHASES
};

// What one phase took. Times are exclusive: a span inside another one is not counted twice.
typedef struct {
    double seconds;
    double group_seconds[CT_NUM_GROUPS];
    double group_flops[CT_NUM_GROUPS];   // multiplications and additions of matrix products and attention
    int64_t resident_bytes;              // highest resident memory of the process while the phase ran
    int64_t tensor_bytes;                // highest sum of the tensors allocated since the start
} ct_profile_part;
typedef struct {
    const char *name;
    int32_t group;      // CT_NUM_GROUPS + phase for a phase as a whole
    double start;       // seconds since the recording's start
    double seconds;
} ct_profile_event;
typedef struct {
    double start;
    int64_t resident_bytes;
} ct_profile_memory;

// Records this thread's work from now on; false when a recording is under way.
bool ct_profile_start(void);
// Ends the recording of this thread and keeps it for the functions below until the next start.
void ct_profile_stop(void);
// Begins a phase and returns the one that was under way; CT_PHASE_OTHER without a recording.
int32_t ct_profile_phase(int32_t phase);
ct_profile_part ct_profile_part_of(int32_t phase);
// Events in the order of their ends. The shortest are left out, and all after some hundred thousand: `dropped` counts those.
int64_t ct_profile_num_events(int64_t *dropped);
ct_profile_event ct_profile_event_at(int64_t index);
int64_t ct_profile_num_memory_samples(void);
ct_profile_memory ct_profile_memory_sample_at(int64_t index);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
#endif
