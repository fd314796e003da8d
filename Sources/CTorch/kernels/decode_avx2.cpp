// The loops of generation for machines with AVX2.
#include "decode.hpp"

#if defined(__x86_64__)
#define CT_KERNELS_NAME "avx2"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
namespace ctorch::decode_avx2 {
#include "decode.inl"
}
#pragma clang attribute pop
#endif
