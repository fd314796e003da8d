// The kernels as plain C++, run thread by thread on the CPU: their correctness is tested without a GPU.
#pragma once
#include <cstdint>

namespace ctorch::cuda {

/// Blocks of a launch along x, y and z.
struct Grid {
    int64_t x;
    int y = 1, z = 1;
};

/// Runs kernel `name` as cuLaunchKernel would: `arguments` are the addresses of its arguments. Throws when there is none.
void emulate(const char *name, Grid grid, int threads, void **arguments);

}  // namespace ctorch::cuda
