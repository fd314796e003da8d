// Devices: where tensors lie and are made. Only libtorch_cpu and libc10 are linked; libtorch_cuda is opened when it is asked
// for, after which LibTorch's operators take CUDA tensors. Conventions as in ctorch.h.
#ifndef CTORCH_DEVICE_H
#define CTORCH_DEVICE_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// A device is CT_CPU or the number of a CUDA device.
enum { CT_CPU = -1 };

// ---- CUDA (cuda.cpp) ----------------------------------------------------------------------------------------------
// Opens CUDA at the first call and returns the number of usable devices. To be called before the first backward pass of
// the process: LibTorch makes its threads for devices then.
int32_t ct_cuda_count(void);
// Whether CUDA has been opened with a device.
bool ct_cuda_is_open(void);
// Why there is no usable device, with the remedy; empty when there is one.
const char *ct_cuda_reason(void);
// What was looked for and found: lines of "name: value".
const char *ct_cuda_report(void);
const char *ct_cuda_name(int32_t device);
// Free and all bytes of a CUDA device.
bool ct_cuda_memory(int32_t device, int64_t *free, int64_t *total);
// Waits until a device has done what it was given.
void ct_synchronize(int32_t device);
// State of a CUDA device's generator as a uint8 tensor on the CPU, and back.
ct_optional ct_cuda_rng_state(int32_t device);
void ct_set_cuda_rng_state(int32_t device, ct_optional state);

// ---- where tensors lie (cuda.cpp) ---------------------------------------------------------------------------------
// Where new tensors are made, by all threads; the CPU at first.
int32_t ct_default_device(void);
bool ct_set_default_device(int32_t device);
// Uninitialised memory on the CPU, whatever the default device is.
ct_optional ct_empty_cpu(const int64_t *shape, int32_t rank, int32_t dtype);
int32_t ct_device(ct_optional t);
ct_optional ct_to_device(ct_optional t, int32_t device);

// ---- for tests (cuda.cpp) -----------------------------------------------------------------------------------------
// Lets this thread compute on the CPU what CUDA tensors are computed with: LibTorch's operators instead of our kernels for
// the CPU, and, if wanted, our kernels for CUDA, emulated.
void ct_set_composed(bool composed, bool with_kernels);
// Compiles the kernels for a compute capability, which needs no GPU; why it failed, empty when it did not.
const char *ct_cuda_compile(int32_t major, int32_t minor);
// Records the names of LibTorch's operators that this thread calls, and returns those since the start, one a line.
void ct_record_operators(void);
const char *ct_recorded_operators(void);
// Opens the CUDA libraries even where no device is; why it failed, empty when they are open.
const char *ct_cuda_link(void);
// Those of the operators (one a line) that have no kernel for CUDA tensors once the CUDA libraries are open, one a line.
const char *ct_cuda_missing_kernels(const char *operators);
// Symbols of the CUDA libraries that are looked up by name, one a line, and whether one is there.
const char *ct_cuda_symbols(void);
bool ct_cuda_has_symbol(const char *name);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
#endif
