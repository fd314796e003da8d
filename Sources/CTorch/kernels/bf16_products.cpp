// Products of bf16 matrices for machines with AVX512-BF16. A panel of 32 columns of the right side is brought into the
// order of the dot-product instruction (pairs along the depth) in a buffer that stays in cache while all rows pass over
// it; the left side is read where it lies. oneDNN packs the whole right side in memory at every call, which costs a tenth
// of a product of some hundred rows.
#include "bf16_products.hpp"

#include "internal.hpp"
#include "kernels/bf16_panels.hpp"

#if defined(__x86_64__)
#include "bf16_tiles.hpp"

namespace {
using namespace ctorch::bf16;
using ctorch::BF16Product;

constexpr int64_t kMostRows = 1536;  // rows that share a panel

/// The panel of the columns from `first` on and the depth from `k` on.
template <typename T>
CT_BF16 void pack(const BF16Product &p, int64_t first, int64_t k, int64_t depth, int64_t columns, uint32_t *panel) {
    auto *right = static_cast<const T *>(p.right);
    if (p.transposed) pack_transposed(right + first * p.right_row + k, p.right_row, depth, columns, panel);
    else pack_plain(right + k * p.right_row + first, p.right_row, depth, columns, panel);
}

CT_BF16 void panel_of_products(const BF16Product *products, int64_t count, int64_t first_row, int64_t rows, int64_t first, int64_t columns,
                           const float *bias, void *out, int64_t out_row, bool wide, bool added) {
    thread_local Scratch scratch;
    auto *packed = scratch.take<uint32_t>(kDepth / 2 * kPanel + rows * kPanel);
    auto *sums = reinterpret_cast<float *>(packed + kDepth / 2 * kPanel);
    __mmask32 mask = mask_of(columns);
    auto low = static_cast<__mmask16>(mask), high = static_cast<__mmask16>(mask >> 16);
    __m512 start[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};
    if (bias) {
        start[0] = _mm512_maskz_loadu_ps(low, bias + first);
        start[1] = _mm512_maskz_loadu_ps(high, bias + first + 16);
    }
    for (int64_t r = 0; r < rows; r++) {
        // The row's place in memory is fetched while the tiles are computed.
        __builtin_prefetch(static_cast<char *>(out) + ((first_row + r) * out_row + first) * (wide ? 4 : 2), 1);
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
        for (int64_t k = 0, block = block_depth(p.depth); k < p.depth; k += block) {
            int64_t depth = std::min(block, p.depth - k);
            const uint32_t *panel = packed;
            if (p.is_right_packed) panel = static_cast<const uint32_t *>(p.right) + first / kPanel * ctorch::panel_pairs(p.depth) + k / 2 * kPanel;
            else if (p.is_right_wide) pack<float>(p, first, k, depth, columns, packed);
            else pack<uint16_t>(p, first, k, depth, columns, packed);
            const uint16_t *left = p.left + first_row * p.left_row + k;
            tiles_of(columns, rows, (depth + 1) / 2, left, p.left_row, panel, sums);
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
        panel_of_products(products, count, first_row, std::min(chunk, rows - first_row), first, std::min(kPanel, columns - first), bias, out, out_row, wide, added);
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
