// The loops of generation for machines with AVX512BF16.
#include "decode.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#define CT_BF16_DOT 1
#define CT_KERNELS_NAME "avx512bf16"
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))), apply_to = function)
namespace ctorch::decode_avx512bf16 {
#include "decode.inl"
}
#pragma clang attribute pop
#endif
