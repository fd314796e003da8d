// The loops for machines with AVX2.
#include "kernels.hpp"

#if defined(__x86_64__)
#define CT_KERNELS_NAME "avx2"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace ctorch::avx2 {
#include "loops.inl"
}
#pragma clang attribute pop
#endif
