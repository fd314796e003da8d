// What the kernels of bf16 matrices are built of, for machines with AVX512-BF16: panels of 32 columns in the order of the
// dot-product instruction (pairs along the depth), and tiles of sums over them that stay in registers.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include <immintrin.h>

#define CT_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")))

namespace ctorch::bf16 {

constexpr int64_t kPanel = 32;    // columns of a panel: two registers
constexpr int64_t kTileRows = 12;  // rows of a tile: its sums fill the registers
constexpr int64_t kDepth = 1216;  // longest block of the depth: a panel of it and the rows beside it fit the cache

/// Rows of pairs to columns of pairs.
CT_BF16 inline void transpose(__m512i r[16]) {
    __m512i t[16];
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 4; j++) {
            t[i + j] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0x88);
            t[i + j + 4] = _mm512_shuffle_i32x4(r[i + j], r[i + j + 4], 0xdd);
        }
    for (int j = 0; j < 8; j++) {
        r[j] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0x88);
        r[j + 8] = _mm512_shuffle_i32x4(t[j], t[j + 8], 0xdd);
    }
}

CT_BF16 inline __mmask32 mask_of(int64_t columns) { return columns >= kPanel ? 0xffffffffu : (1u << columns) - 1; }

/// 32 elements under a mask as bf16.
CT_BF16 inline __m512i load_elements(const uint16_t *x, __mmask32 mask) { return _mm512_maskz_loadu_epi16(mask, x); }
CT_BF16 inline __m512i load_elements(const float *x, __mmask32 mask) {
    __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), x), high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), x + 16);
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/// right [columns, depth] -> panel [depth / 2][32] of pairs.
template <typename T>
CT_BF16 void pack_transposed(const T *right, int64_t row, int64_t depth, int64_t columns, uint32_t *panel) {
    int64_t pairs = depth / 2;
    for (int half = 0; half < 2; half++) {
        for (int64_t p = 0; p < pairs; p += 16) {
            int64_t count = std::min<int64_t>(16, pairs - p);
            __mmask32 mask = mask_of(2 * count);
            __m512i r[16];
            for (int j = 0; j < 16; j++) {
                int64_t column = half * 16 + j;
                r[j] = column < columns ? load_elements(right + column * row + p * 2, mask) : _mm512_setzero_si512();
            }
            transpose(r);
            for (int64_t i = 0; i < count; i++) _mm512_store_si512(panel + (p + i) * kPanel + half * 16, r[i]);
        }
    }
}

/// Orders in which _mm512_permutex2var_epi16 pairs the elements of two rows: the first halves, the second halves.
struct PairOrders {
    __m512i low, high;
};

CT_BF16 inline PairOrders pair_orders() {
    alignas(64) uint16_t low_order[32], high_order[32];
    for (uint16_t i = 0; i < 16; i++) {
        low_order[2 * i] = i;
        low_order[2 * i + 1] = 32 + i;
        high_order[2 * i] = 16 + i;
        high_order[2 * i + 1] = 48 + i;
    }
    return {_mm512_load_si512(low_order), _mm512_load_si512(high_order)};
}

/// right [depth, columns] -> panel [depth / 2][32] of pairs.
template <typename T>
CT_BF16 void pack_plain(const T *right, int64_t row, int64_t depth, int64_t columns, uint32_t *panel) {
    auto [low, high] = pair_orders();
    __mmask32 mask = mask_of(columns);
    for (int64_t k = 0; k < depth; k += 2) {
        __m512i a = load_elements(right + k * row, mask);
        __m512i b = k + 1 < depth ? load_elements(right + (k + 1) * row, mask) : _mm512_setzero_si512();
        _mm512_store_si512(panel + k / 2 * kPanel, _mm512_permutex2var_epi16(a, low, b));
        _mm512_store_si512(panel + k / 2 * kPanel + 16, _mm512_permutex2var_epi16(a, high, b));
    }
}

/// Columns of left [depth, columns], at most 32 of them, to rows of out [columns, depth]; an odd depth ends in a zero.
CT_BF16 inline void turn_panel(const uint16_t *left, int64_t row, int64_t depth, int64_t columns, uint16_t *out, int64_t out_row) {
    auto [low, high] = pair_orders();
    __mmask32 mask = mask_of(columns);
    for (int64_t k = 0; k < depth; k += 32) {
        __m512i halves[2][16];
        for (int64_t i = 0; i < 16; i++) {
            int64_t d = k + 2 * i;
            __m512i a = d < depth ? load_elements(left + d * row, mask) : _mm512_setzero_si512();
            __m512i b = d + 1 < depth ? load_elements(left + (d + 1) * row, mask) : _mm512_setzero_si512();
            halves[0][i] = _mm512_permutex2var_epi16(a, low, b);
            halves[1][i] = _mm512_permutex2var_epi16(a, high, b);
        }
        __mmask32 kept = mask_of(std::min<int64_t>(32, depth + depth % 2 - k));
        for (int half = 0; half < 2; half++) {
            transpose(halves[half]);
            for (int64_t j = 0; j < std::min<int64_t>(16, columns - half * 16); j++)
                _mm512_mask_storeu_epi16(out + (half * 16 + j) * out_row + k, kept, halves[half][j]);
        }
    }
}

/// sums [kRows, 32] += left [kRows, depth] * panel, 16 columns a vector.
template <int kRows, int kVectors>
CT_BF16 inline __attribute__((always_inline)) void tile(int64_t pairs, const uint16_t *left, int64_t row, const uint32_t *panel, float *sums) {
    __m512 s[kRows][kVectors];
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < kVectors; v++) s[r][v] = _mm512_load_ps(sums + r * kPanel + v * 16);
    // A cache line of every row at a time, while those of the rows that come next are on their way.
    for (int64_t begin = 0; begin < pairs; begin += 16) {
        int64_t end = std::min<int64_t>(begin + 16, pairs);
        for (int r = 0; r < kRows; r++) _mm_prefetch(left + (r + kRows) * row + 2 * begin, _MM_HINT_T0);
        for (int64_t p = begin; p < end; p++) {
            __m512bh b[kVectors];
            for (int v = 0; v < kVectors; v++) b[v] = (__m512bh)_mm512_load_si512(panel + p * kPanel + v * 16);
#pragma clang loop unroll(full)
            for (int r = 0; r < kRows; r++) {
                int32_t pair;
                std::memcpy(&pair, left + r * row + 2 * p, 4);
                auto a = (__m512bh)_mm512_set1_epi32(pair);
                for (int v = 0; v < kVectors; v++) s[r][v] = _mm512_dpbf16_ps(s[r][v], a, b[v]);
            }
        }
    }
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < kVectors; v++) _mm512_store_ps(sums + r * kPanel + v * 16, s[r][v]);
}

template <int kVectors>
CT_BF16 void tiles(int64_t rows, int64_t pairs, const uint16_t *left, int64_t row, const uint32_t *panel, float *sums) {
    int64_t i = 0;
    for (; i + kTileRows <= rows; i += kTileRows) tile<kTileRows, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
    for (; i + 8 <= rows; i += 8) tile<8, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
    for (; i + 4 <= rows; i += 4) tile<4, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
    for (; i < rows; i++) tile<1, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
}

/// The same for a panel of which `columns` are wanted; half of it is left out where that is enough.
CT_BF16 inline void tiles_of(int64_t columns, int64_t rows, int64_t pairs, const uint16_t *left, int64_t row, const uint32_t *panel, float *sums) {
    if (columns > kPanel / 2) tiles<2>(rows, pairs, left, row, panel, sums);
    else tiles<1>(rows, pairs, left, row, panel, sums);
}

/// Depth of the blocks that a depth is cut into: equal ones, whole cache lines each.
inline int64_t block_depth(int64_t depth) {
    int64_t blocks = (depth + kDepth - 1) / kDepth;
    return ((depth + blocks - 1) / blocks + 31) / 32 * 32;
}

/// exp(x) for x <= 0, relative error below 2e-7. (Cephes' expf, as fast_exp of loops.inl.)
CT_BF16 inline __m512 exp_of(__m512 x) {
    x = _mm512_max_ps(x, _mm512_set1_ps(-87.3f));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504088896341f)), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
    __m512 p = _mm512_set1_ps(1.9875691500e-4f);
    for (float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f})
        p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(c));
    p = _mm512_add_ps(_mm512_fmadd_ps(_mm512_mul_ps(p, r), r, r), _mm512_set1_ps(1));
    return _mm512_scalef_ps(p, n);
}

inline int64_t panels_of(int64_t columns) { return (columns + kPanel - 1) / kPanel; }

/// Memory of one thread that begins at a cache line and is kept between uses.
class Scratch {
public:
    template <typename T>
    T *take(int64_t count) {
        size_t needed = (static_cast<size_t>(count) * sizeof(T) + 63) / 64 * 64;
        if (size < needed) {
            memory.reset(std::aligned_alloc(64, needed));
            if (!memory) throw std::bad_alloc();
            size = needed;
        }
        return static_cast<T *>(memory.get());
    }

private:
    std::unique_ptr<void, decltype(&std::free)> memory{nullptr, std::free};
    size_t size = 0;
};

}  // namespace ctorch::bf16
