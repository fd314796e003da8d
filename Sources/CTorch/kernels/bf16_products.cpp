// Products of bf16 matrices for machines with AVX512-BF16. A panel of 32 columns of the right side is brought into the
// order of the dot-product instruction (pairs along the depth) in a buffer that stays in cache while all rows pass over
// it; the left side is read where it lies. oneDNN packs the whole right side in memory at every call, which costs a tenth
// of a product of some hundred rows.
#include "bf16_products.hpp"

#include "internal.hpp"
#include "kernels/bf16_panels.hpp"

#if defined(__x86_64__)
#include "bf16_tiles.hpp"

#include <vector>

namespace {
using namespace ctorch::bf16;
using ctorch::BF16Product;

constexpr int64_t kMostRows = 1536;   // rows that share a panel
constexpr int64_t kFewestRows = 96;   // rows that are worth a panel of their own
constexpr int64_t kFetchRows = 384;   // rows during which the next panel is fetched: earlier, and they would push it out of the cache

/// The panel of the columns from `first` on and the depth from `k` on.
template <typename T>
CT_BF16 void pack(const BF16Product &p, int64_t first, int64_t k, int64_t depth, int64_t columns, uint32_t *panel) {
    auto *right = static_cast<const T *>(p.right);
    if (p.transposed) pack_transposed(right + first * p.right_row + k, p.right_row, depth, columns, panel);
    else pack_plain(right + k * p.right_row + first, p.right_row, depth, columns, panel);
}

/// What is packed next, fetched a share at a time while tiles are computed: packing would wait for main memory.
class Ahead {
public:
    Ahead() = default;
    Ahead(const BF16Product &p, int64_t first, int64_t columns, int64_t k) {
        if (p.is_right_packed) return;
        int64_t size = p.is_right_wide ? 4 : 2, depth = std::min(block_depth(p.depth), p.depth - k);
        row_bytes = p.right_row * size;
        begin = static_cast<const char *>(p.right) + (p.transposed ? first * row_bytes + k * size : k * row_bytes + first * size);
        lines = ((p.transposed ? depth : columns) * size + 63) / 64;
        left = lines * (p.transposed ? columns : depth);
        rows = p.transposed ? columns : depth;
    }

    /// Fetches one of `groups` equal shares of what is left.
    void fetch(int64_t groups) {
        for (int64_t share = (left + groups - 1) / groups; share > 0; share--, left--) {
            int64_t line = lines * rows - left;
            _mm_prefetch(begin + line / lines * row_bytes + line % lines * 64, _MM_HINT_T1);
        }
    }

private:
    const char *begin = nullptr;
    int64_t row_bytes = 0, lines = 0, rows = 0, left = 0;
};

/// Rows of one panel's columns, which a thread computes alone.
struct Part {
    int64_t first_row, rows, first, columns;
};

/// What all parts of a sum of products share.
struct Sum {
    const BF16Product *products;
    int64_t count;
    const float *bias;
    void *out;
    int64_t out_row;
    bool wide, added;
};

/// `next` is what the thread computes after it, null at the end.
CT_BF16 void compute(const Sum &sum, const Part &part, const Part *next) {
    auto [products, count, bias, out, out_row, wide, added] = sum;
    auto [first_row, rows, first, columns] = part;
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
            Ahead ahead = k + block < p.depth ? Ahead(p, first, columns, k + block)
                : i + 1 < count               ? Ahead(products[i + 1], first, columns, 0)
                : next                        ? Ahead(products[0], next->first, next->columns, 0)
                                              : Ahead();
            int64_t r = std::max<int64_t>(rows - kFetchRows, 0) / kTileRows * kTileRows;
            tiles_of(columns, r, (depth + 1) / 2, left, p.left_row, panel, sums);
            for (; r < rows; r += kTileRows) {
                ahead.fetch((rows - r + kTileRows - 1) / kTileRows);
                tiles_of(columns, std::min(kTileRows, rows - r), (depth + 1) / 2, left + r * p.left_row, p.left_row, panel, sums + r * kPanel);
            }
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
    int64_t panels = (columns + kPanel - 1) / kPanel, threads = max_threads();
    std::vector<Part> parts;
    auto add_panel = [&](int64_t panel, int64_t first_row, int64_t end, int64_t pieces) {
        pieces = std::clamp<int64_t>(pieces, 1, (end - first_row + kFewestRows - 1) / kFewestRows);
        int64_t piece = ((end - first_row + pieces - 1) / pieces + kTileRows - 1) / kTileRows * kTileRows;
        for (; first_row < end; first_row += piece)
            parts.push_back({first_row, std::min(piece, end - first_row), panel * kPanel, std::min(kPanel, columns - panel * kPanel)});
    };
    // Many rows: those of a chunk, and their sums, stay in cache while the panels pass.
    int64_t chunks = (rows + kMostRows - 1) / kMostRows, chunk = ((rows + chunks - 1) / chunks + kTileRows - 1) / kTileRows * kTileRows;
    for (int64_t first_row = 0; first_row < rows; first_row += chunk) {
        int64_t end = std::min(first_row + chunk, rows);
        // Few columns: the rows are shared out too, so that every thread has work; otherwise those of the last panels, so that
        // the threads end together.
        for (int64_t panel = 0; panel < panels; panel++)
            add_panel(panel, first_row, end, panel < panels - threads || end < rows ? 4 * threads / panels : 4);
    }
    Sum sum{products, count, bias, out, out_row, wide, added};
    parallel_items(static_cast<int64_t>(parts.size()), [&](int64_t item, int) {
        // Threads take parts in turns.
        size_t next = static_cast<size_t>(item + threads);
        compute(sum, parts[static_cast<size_t>(item)], next < parts.size() ? &parts[next] : nullptr);
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
