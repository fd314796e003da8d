// The loops of generation for any machine, and the choice among all sets.
#include "decode.hpp"

#include "ctorch_inference.h"

#define CT_KERNELS_NAME "baseline"
namespace ctorch::decode_baseline {
#include "decode.inl"
}

namespace ctorch {
#if defined(__x86_64__)
namespace decode_avx512bf16 { const DecodeKernels &decode_table(); }
namespace decode_avx512 { const DecodeKernels &decode_table(); }
namespace decode_avx2 { const DecodeKernels &decode_table(); }
#endif

const DecodeKernels &decode_kernels() {
    static const DecodeKernels &chosen = []() -> const DecodeKernels & {
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
            if (__builtin_cpu_supports("avx512bf16")) return decode_avx512bf16::decode_table();
            return decode_avx512::decode_table();
        }
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return decode_avx2::decode_table();
#endif
        return decode_baseline::decode_table();
    }();
    return chosen;
}
}  // namespace ctorch

extern "C" const char *ct_inference_kernel_set(void) { return ctorch::decode_kernels().name; }
