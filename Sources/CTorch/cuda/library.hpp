// The kernels on a device: compiled by NVRTC when one is first wanted, and launched on LibTorch's current stream.
#pragma once
#include "cuda/emulation.hpp"
#include "internal.hpp"

namespace ctorch::cuda {

/// The folder of LibTorch's libraries; empty when it is unknown.
std::string torch_folder();

/// Machine code of the kernels named `suffix` ("f32", "bf16") for a device of this compute capability. Throws with the
/// compiler's messages, or when NVRTC is not found. Needs no GPU.
std::string compiled(int major, int minor, const std::string &suffix);

/// The end of the names of kernels for this dtype; null where there are none.
const char *suffix_of(at::ScalarType dtype);

/// Runs kernel `name` of dtype's kind for tensors on `device`: there, or on the CPU by emulation.
void launch(at::Device device, at::ScalarType dtype, const char *name, Grid grid, int threads, void **arguments);

}  // namespace ctorch::cuda
