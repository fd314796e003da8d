// The loops for any machine, and the choice among all sets.
#include "kernels.hpp"

#define CT_KERNELS_NAME "baseline"
namespace ctorch::baseline {
#include "loops.inl"
}

namespace ctorch {
#if defined(__x86_64__)
namespace avx512 { const Kernels &table(); }
namespace avx2 { const Kernels &table(); }
#endif

const Kernels &kernels() {
    static const Kernels &chosen = []() -> const Kernels & {
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
            return avx512::table();
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2::table();
#endif
        return baseline::table();
    }();
    return chosen;
}
}  // namespace ctorch
