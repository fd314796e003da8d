// The loops of generation for machines with AVX512.
#include "decode.hpp"

#if defined(__x86_64__)
#define CT_KERNELS_NAME "avx512"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
namespace ctorch::decode_avx512 {
#include "decode.inl"
}
#pragma clang attribute pop
#endif
