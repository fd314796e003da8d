#include "kernels/bf16_panels.hpp"

#include "internal.hpp"

#if defined(__x86_64__)
#include "bf16_tiles.hpp"

namespace {
using namespace ctorch::bf16;
static_assert(kPanel == ctorch::kPanelColumns);

/// Pairs along the depth that all rows pass at once: 4 KiB of the panel, which stay in the first cache.
constexpr int64_t kBlock = 32;
/// How far ahead the panel is fetched: the machine's own look-ahead stops at the end of a page.
constexpr int64_t kAheadBytes = 8192;

/// y [kRows][32] += x [kRows, 2 * pairs] * panel; kLines cache lines from `ahead` on are fetched with every pair.
template <int kRows, int kLines>
CT_BF16 inline __attribute__((always_inline)) void block_product(const uint16_t *x, int64_t x_row, int64_t pairs, const uint32_t *panel, float *y,
                                                                 int64_t y_row, const char *ahead) {
    __m512 sums[kRows][2];
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < 2; v++) sums[r][v] = _mm512_loadu_ps(y + r * y_row + v * 16);
    for (int64_t p = 0; p < pairs; p++) {
        for (int line = 0; line < kLines; line++) _mm_prefetch(ahead + (p * kLines + line) * 64, _MM_HINT_T0);
        auto low = (__m512bh)_mm512_load_si512(panel + p * kPanel), high = (__m512bh)_mm512_load_si512(panel + p * kPanel + 16);
#pragma clang loop unroll(full)
        for (int r = 0; r < kRows; r++) {
            int32_t pair;
            std::memcpy(&pair, x + r * x_row + 2 * p, 4);
            auto value = (__m512bh)_mm512_set1_epi32(pair);
            sums[r][0] = _mm512_dpbf16_ps(sums[r][0], value, low);
            sums[r][1] = _mm512_dpbf16_ps(sums[r][1], value, high);
        }
    }
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < 2; v++) _mm512_storeu_ps(y + r * y_row + v * 16, sums[r][v]);
}

/// The rows of one block, in as few tiles as there are registers for. The look-ahead is shared by the first two tiles, so
/// that memory is asked for evenly.
CT_BF16 void block_rows(const uint16_t *x, int64_t x_row, int64_t rows, int64_t pairs, const uint32_t *panel, float *y, int64_t y_row) {
    const char *ahead = reinterpret_cast<const char *>(panel) + kAheadBytes;
    int64_t m = 0;
#define CT_TILE(kRows, kLines, place) \
    (block_product<kRows, kLines>(x + m * x_row, x_row, pairs, panel, y + m * y_row, y_row, place), m += kRows)
    if (rows >= 16) CT_TILE(8, 1, ahead), CT_TILE(8, 1, ahead + pairs * 64);
    else if (rows > 12) CT_TILE(8, 1, ahead), CT_TILE(4, 1, ahead + pairs * 64);
    else if (rows == 12) CT_TILE(12, 2, ahead);
    else if (rows >= 8) CT_TILE(8, 2, ahead);
    else if (rows >= 4) CT_TILE(4, 2, ahead);
    else if (rows >= 2) CT_TILE(2, 2, ahead);
    else CT_TILE(1, 2, ahead);
    while (m + 8 <= rows) CT_TILE(8, 0, ahead);
    while (m + 4 <= rows) CT_TILE(4, 0, ahead);
    while (m < rows) CT_TILE(1, 0, ahead);
#undef CT_TILE
}
}  // namespace

namespace ctorch {
void pack_panels(const uint16_t *weight, int64_t columns, int64_t depth, uint32_t *panels) {
    parallel_for(panels_of(columns), 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++)
            pack_transposed(weight + i * kPanel * depth, depth, depth, std::min(kPanel, columns - i * kPanel), panels + i * panel_pairs(depth));
    });
}

void unpack_panels(const uint32_t *panels, int64_t columns, int64_t depth, uint16_t *weight) {
    parallel_for(columns, 32, [&](int64_t begin, int64_t end) {
        for (int64_t n = begin; n < end; n++) {
            const uint32_t *pairs = panels + n / kPanel * panel_pairs(depth) + n % kPanel;
            for (int64_t p = 0; p < depth / 2; p++) std::memcpy(weight + n * depth + 2 * p, pairs + p * kPanel, 4);
        }
    });
}

void panel_product(const uint16_t *x, int64_t x_row, int64_t rows, const uint32_t *panel, int64_t depth, float *y, int64_t y_row) {
    if (rows <= 0) return;
    for (int64_t m = 0; m < rows; m++) std::fill_n(y + m * y_row, kPanel, 0.0f);
    for (int64_t p = 0; p < depth / 2; p += kBlock)
        block_rows(x + 2 * p, x_row, rows, std::min(kBlock, depth / 2 - p), panel + p * kPanel, y, y_row);
}
}  // namespace ctorch
#else
namespace ctorch {
void pack_panels(const uint16_t *, int64_t, int64_t, uint32_t *) {}
void unpack_panels(const uint32_t *, int64_t, int64_t, uint16_t *) {}
void panel_product(const uint16_t *, int64_t, int64_t, const uint32_t *, int64_t, float *, int64_t) {}
}  // namespace ctorch
#endif
