// Products of bf16 matrices for machines with AVX512-BF16. A panel of 32 columns of the right side is brought into the
// order of the dot-product instruction (pairs along the depth) in a buffer that stays in cache while all rows pass over
// it; the left side is read where it lies. oneDNN packs the whole right side in memory at every call, which costs a tenth
// of a product of some hundred rows.
#include "bf16_products.hpp"

#include "internal.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>

#if defined(__x86_64__)
#include <immintrin.h>

#define CT_BF16 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma")))

namespace {
using ctorch::BF16Product;

constexpr int64_t kPanel = 32;   // columns of a panel: two registers
constexpr int64_t kDepth = 1216;  // longest block of the depth: a panel of it and the rows beside it fit the cache
constexpr int64_t kMostRows = 1536;  // rows that share a panel

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

CT_BF16 PairOrders pair_orders() {
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
CT_BF16 void turn_panel(const uint16_t *left, int64_t row, int64_t depth, int64_t columns, uint16_t *out, int64_t out_row) {
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
    for (int64_t p = 0; p < pairs; p++) {
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
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < kVectors; v++) _mm512_store_ps(sums + r * kPanel + v * 16, s[r][v]);
}

template <int kVectors>
CT_BF16 void tiles(int64_t rows, int64_t pairs, const uint16_t *left, int64_t row, const uint32_t *panel, float *sums) {
    int64_t i = 0;
    for (; i + 12 <= rows; i += 12) tile<12, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
    for (; i + 8 <= rows; i += 8) tile<8, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
    for (; i + 4 <= rows; i += 4) tile<4, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
    for (; i < rows; i++) tile<1, kVectors>(pairs, left + i * row, row, panel, sums + i * kPanel);
}

/// The panel of the columns from `first` on and the depth from `k` on.
template <typename T>
CT_BF16 void pack(const BF16Product &p, int64_t first, int64_t k, int64_t depth, int64_t columns, uint32_t *panel) {
    auto *right = static_cast<const T *>(p.right);
    if (p.transposed) pack_transposed(right + first * p.right_row + k, p.right_row, depth, columns, panel);
    else pack_plain(right + k * p.right_row + first, p.right_row, depth, columns, panel);
}

/// A thread's panel and sums, kept between calls.
struct Workspace {
    std::unique_ptr<void, decltype(&std::free)> memory{nullptr, std::free};
    size_t size = 0;

    uint32_t *panel(int64_t rows, float **sums) {
        size_t panel_bytes = kDepth / 2 * kPanel * 4, needed = panel_bytes + static_cast<size_t>(rows) * kPanel * 4;
        if (size < needed) {
            memory.reset(std::aligned_alloc(64, (needed + 63) / 64 * 64));
            TORCH_CHECK(memory, "out of memory for a product of ", rows, " rows");
            size = needed;
        }
        auto *base = static_cast<uint32_t *>(memory.get());
        *sums = reinterpret_cast<float *>(base) + panel_bytes / 4;
        return base;
    }
};

CT_BF16 void panel_product(const BF16Product *products, int64_t count, int64_t first_row, int64_t rows, int64_t first, int64_t columns,
                           const float *bias, void *out, int64_t out_row, bool wide, bool added) {
    thread_local Workspace workspace;
    float *sums;
    uint32_t *panel = workspace.panel(rows, &sums);
    __mmask32 mask = mask_of(columns);
    auto low = static_cast<__mmask16>(mask), high = static_cast<__mmask16>(mask >> 16);
    __m512 start[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    if (bias) {
        start[0] = _mm512_maskz_loadu_ps(low, bias + first);
        start[1] = _mm512_maskz_loadu_ps(high, bias + first + 16);
    }
    for (int64_t r = 0; r < rows; r++) {
        if (added) {
            const float *before = static_cast<const float *>(out) + (first_row + r) * out_row + first;
            start[0] = _mm512_maskz_loadu_ps(low, before);
            start[1] = _mm512_maskz_loadu_ps(high, before + 16);
        }
        _mm512_store_ps(sums + r * kPanel, start[0]);
        _mm512_store_ps(sums + r * kPanel + 16, start[1]);
    }
    for (int64_t i = 0; i < count; i++) {
        const BF16Product &p = products[i];
        // Blocks of equal depth, whole cache lines each.
        int64_t blocks = (p.depth + kDepth - 1) / kDepth, block = ((p.depth + blocks - 1) / blocks + 31) / 32 * 32;
        for (int64_t k = 0; k < p.depth; k += block) {
            int64_t depth = std::min(block, p.depth - k);
            if (p.is_right_wide) pack<float>(p, first, k, depth, columns, panel);
            else pack<uint16_t>(p, first, k, depth, columns, panel);
            const uint16_t *left = p.left + first_row * p.left_row + k;
            if (columns > 16) tiles<2>(rows, (depth + 1) / 2, left, p.left_row, panel, sums);
            else tiles<1>(rows, (depth + 1) / 2, left, p.left_row, panel, sums);
        }
    }
    for (int64_t r = 0; r < rows; r++) {
        __m512 a = _mm512_load_ps(sums + r * kPanel), b = _mm512_load_ps(sums + r * kPanel + 16);
        int64_t place = (first_row + r) * out_row + first;
        if (wide) {
            auto *target = static_cast<float *>(out) + place;
            _mm512_mask_storeu_ps(target, low, a);
            _mm512_mask_storeu_ps(target + 16, high, b);
        } else {
            auto values = _mm512_inserti64x4(_mm512_castsi256_si512((__m256i)_mm512_cvtneps_pbh(a)), (__m256i)_mm512_cvtneps_pbh(b), 1);
            _mm512_mask_storeu_epi16(static_cast<uint16_t *>(out) + place, mask, values);
        }
    }
}
}  // namespace

namespace ctorch {
bool has_bf16_products() {
    static const bool value = [] {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bf16");
    }();
    return value;
}

void bf16_products(const BF16Product *products, int64_t count, int64_t rows, int64_t columns, const float *bias, void *out, int64_t out_row, bool wide,
                   bool added) {
    int64_t panels = (columns + kPanel - 1) / kPanel;
    // Few columns: the rows are shared out too, so that every thread has work. Many rows: those of a chunk, and their sums,
    // stay in cache while the panels pass.
    int64_t chunks = std::max(std::clamp<int64_t>(4 * max_threads() / panels, 1, (rows + 95) / 96), (rows + kMostRows - 1) / kMostRows);
    int64_t chunk = ((rows + chunks - 1) / chunks + 11) / 12 * 12;
    chunks = (rows + chunk - 1) / chunk;
    parallel_items(panels * chunks, [&](int64_t item, int) {
        int64_t first = item % panels * kPanel, first_row = item / panels * chunk;
        panel_product(products, count, first_row, std::min(chunk, rows - first_row), first, std::min(kPanel, columns - first), bias, out, out_row, wide, added);
    });
}

void bf16_turn(const uint16_t *left, int64_t left_row, int64_t depth, int64_t columns, uint16_t *out, int64_t out_row) {
    parallel_for((columns + kPanel - 1) / kPanel, 8, [&](int64_t begin, int64_t end) {
        for (int64_t first = begin * kPanel; first < std::min(end * kPanel, columns); first += kPanel)
            turn_panel(left + first, left_row, depth, std::min(kPanel, columns - first), out + first * out_row, out_row);
    });
}
}  // namespace ctorch
#else
namespace ctorch {
bool has_bf16_products() { return false; }
void bf16_products(const BF16Product *, int64_t, int64_t, int64_t, const float *, void *, int64_t, bool, bool) {}
void bf16_turn(const uint16_t *, int64_t, int64_t, int64_t, uint16_t *, int64_t) {}
}  // namespace ctorch
#endif
