// The loops for machines with AVX512.
#include "kernels.hpp"

#if defined(__x86_64__)
#define CT_KERNELS_NAME "avx512"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
namespace ctorch::avx512 {
#include "loops.inl"
}
#pragma clang attribute pop
#endif
