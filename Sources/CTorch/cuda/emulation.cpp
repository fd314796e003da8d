#include "cuda/emulation.hpp"

#include "internal.hpp"

#include <barrier>
#include <bit>
#include <cmath>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace {
struct Index {
    unsigned x = 0, y = 0, z = 0;
};
thread_local Index threadIdx, blockIdx;
Index blockDim;

struct alignas(16) uint4 {
    unsigned x, y, z, w;
};
uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
using std::min;

/// What the threads of a block meet at.
struct Team {
    explicit Team(int threads) : all(threads), words(threads) {
        for (int first = 0; first < threads; first += 32) warps.push_back(std::make_unique<std::barrier<>>(std::min(32, threads - first)));
    }
    std::barrier<> all;
    std::vector<std::unique_ptr<std::barrier<>>> warps;
    std::vector<float> words;
};
Team *team = nullptr;

void __syncthreads() { team->all.arrive_and_wait(); }
float __shfl_xor_sync(unsigned, float value, int mask) {
    auto &warp = *team->warps[threadIdx.x / 32];
    team->words[threadIdx.x] = value;
    warp.arrive_and_wait();
    float other = team->words[threadIdx.x ^ static_cast<unsigned>(mask)];
    warp.arrive_and_wait();
    return other;
}

// Blocks run one after another, so what they share may be static.
#define __device__
#define __shared__ static
#define ENTRY [[maybe_unused]] static
#define KERNELS_F32
#define KERNELS_BF16
#include "cuda/kernels.inl"

template <typename... A>
std::function<void(void **)> entry(void (*kernel)(A...)) {
    return [kernel](void **arguments) {
        [&]<size_t... i>(std::index_sequence<i...>) { kernel(*static_cast<std::remove_cv_t<A> *>(arguments[i])...); }(std::index_sequence_for<A...>{});
    };
}

struct Kernel {
    std::function<void(void **)> run;
    /// Whether the threads of a block wait for each other.
    bool cooperates = false;
};

const std::map<std::string, Kernel> &table() {
    static const std::map<std::string, Kernel> kernels = {
#define BOTH(NAME, COOPERATES) {#NAME "_f32", {entry(NAME##_f32), COOPERATES}}, {#NAME "_bf16", {entry(NAME##_bf16), COOPERATES}}
        BOTH(gated, false),           BOTH(gated_gradient, false), BOTH(rotate, false),           BOTH(cross_entropy, true),     BOTH(paged_write, false),
        BOTH(paged_combine, false),   BOTH(paged_decode_32, true), BOTH(paged_decode_64, true),   BOTH(paged_decode_128, true),  BOTH(paged_decode_256, true),
#undef BOTH
    };
    return kernels;
}

template <typename Body>
void for_each_block(ctorch::cuda::Grid grid, Body &&body) {
    for (int z = 0; z < grid.z; z++)
        for (int y = 0; y < grid.y; y++)
            for (int64_t x = 0; x < grid.x; x++) {
                blockIdx = {static_cast<unsigned>(x), static_cast<unsigned>(y), static_cast<unsigned>(z)};
                body();
            }
}
}  // namespace

namespace ctorch::cuda {
void emulate(const char *name, Grid grid, int threads, void **arguments) {
    auto found = table().find(name);
    TORCH_CHECK(found != table().end(), "there is no kernel ", name);
    auto &kernel = found->second;
    static std::mutex mutex;
    std::lock_guard<std::mutex> lock(mutex);
    blockDim = {static_cast<unsigned>(threads), 1, 1};
    if (!kernel.cooperates) {
        for_each_block(grid, [&] {
            for (int i = 0; i < threads; i++) {
                threadIdx.x = static_cast<unsigned>(i);
                kernel.run(arguments);
            }
        });
        return;
    }
    Team together(threads);
    team = &together;
    std::vector<std::thread> all;
    for (int i = 0; i < threads; i++)
        all.emplace_back([&, i] {
            threadIdx.x = static_cast<unsigned>(i);
            for_each_block(grid, [&] {
                kernel.run(arguments);
                __syncthreads();
            });
        });
    for (auto &thread : all) thread.join();
    team = nullptr;
}
}  // namespace ctorch::cuda
