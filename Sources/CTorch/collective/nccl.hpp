// NCCL through its C functions, opened by name: LibTorch's CUDA wheel brings it, the CPU's does not.
#pragma once
#include "internal.hpp"

#include <array>

namespace ctorch {

/// The communicator of one process and its device.
class Nccl {
   public:
    /// What the first process makes and all need.
    struct UniqueID {
        std::array<char, 128> bytes;
    };
    static UniqueID unique_id();

    /// Waits for the others, on the current device of `device`'s kind.
    Nccl(const UniqueID &id, int rank, int size, at::Device device);
    Nccl(const Nccl &) = delete;

    /// Sums a dense tensor in place, on the current stream of its device.
    void sum(const at::Tensor &tensor);

   private:
    void *communicator = nullptr;
};

}  // namespace ctorch
