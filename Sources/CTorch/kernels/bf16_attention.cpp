// Attention inside one segment by the dot products of bf16, blocked over queries and keys: the scores of a block live in
// cache, in fp32; tiles that no query may see are left out.
#include "kernels/bf16_attention.hpp"

#if defined(__x86_64__)
#include "bf16_tiles.hpp"

#include <cmath>
#include <vector>

namespace {
using namespace ctorch::bf16;
using ctorch::SegmentGradients;
using ctorch::SegmentRows;
using Segment = SegmentRows<uint16_t>;
using Gradients = SegmentGradients<uint16_t>;

constexpr int64_t kTile = 12;            // rows of a tile
constexpr int64_t kRows = 4 * kTile;     // queries of a block
constexpr int64_t kKeys = 9 * kPanel;    // keys of a block, a multiple of kRows: the first queries that see it begin with it
constexpr float kLowest = -3.0e38f;

/// keys [count, dim] as panels of 32 keys [count / 32][dim / 2][32].
CT_BF16 void pack_keys(const uint16_t *keys, int64_t row, int64_t count, int64_t dim, uint32_t *panels) {
    for (int64_t key = 0; key < count; key += kPanel)
        pack_transposed(keys + key * row, row, dim, std::min(kPanel, count - key), panels + key * dim / 2);
}

/// values [count, dim] as panels of 32 columns [dim / 32][depth / 2][32], `depth` places for the count.
CT_BF16 void pack_values(const uint16_t *values, int64_t row, int64_t count, int64_t dim, int64_t depth, uint32_t *panels) {
    for (int64_t column = 0; column < dim; column += kPanel)
        pack_plain(values + column, row, count, std::min(kPanel, dim - column), panels + column * depth / 2);
}

/// Which keys of a block beginning at `base` the queries from `first` on see.
struct Sight {
    const Segment &a;
    int64_t first, base, count;
    /// Of the block's keys, how many query `first + row` sees; the last of a range of rows sees most.
    int64_t operator()(int64_t row) const { return std::clamp<int64_t>(a.visible(first + row + 1) - base, 0, count); }
};

/// scores [keys / 32][kRows][32] = left [rows, dim] * keys, as far as they are seen.
CT_BF16 void score(const Sight &sight, const uint16_t *left, int64_t left_row, int64_t rows, int64_t dim, const uint32_t *keys, float *scores) {
    for (int64_t r = 0; r < rows; r += kTile) {
        int64_t count = std::min(kTile, rows - r), seen = sight(r + count - 1);
        for (int64_t key = 0; key < seen; key += kPanel) {
            float *sums = scores + key * kRows + r * kPanel;
            std::memset(sums, 0, count * kPanel * sizeof(float));
            tiles_of(seen - key, count, dim / 2, left + r * left_row, left_row, keys + key * dim / 2, sums);
        }
    }
}

/// out [dim / 32][out_rows][32] += left [rows, kKeys] * values, as far as keys are seen.
CT_BF16 void mix(const Sight &sight, const uint16_t *left, int64_t rows, int64_t dim, const uint32_t *values, float *out, int64_t out_rows) {
    for (int64_t r = 0; r < rows; r += kTile) {
        int64_t count = std::min(kTile, rows - r), seen = sight(r + count - 1);
        for (int64_t column = 0; column < dim; column += kPanel)
            tiles_of(dim - column, count, (seen + 1) / 2, left + r * kKeys, kKeys, values + column * kKeys / 2, out + column * out_rows + r * kPanel);
    }
}

/// One row of sums [dim / 32][..][32], times `scale`, as bf16.
CT_BF16 void store_row(const float *sums, int64_t rows, int64_t dim, float scale, uint16_t *out) {
    __m512 factor = _mm512_set1_ps(scale);
    for (int64_t column = 0; column < dim; column += kPanel) {
        __m512 low = _mm512_mul_ps(_mm512_load_ps(sums + column * rows), factor), high = _mm512_mul_ps(_mm512_load_ps(sums + column * rows + 16), factor);
        _mm512_mask_storeu_epi16(out + column, mask_of(dim - column), (__m512i)_mm512_cvtne2ps_pbh(high, low));
    }
}

/// The part of a panel's 32 places before `seen`.
CT_BF16 inline __mmask32 seen_mask(int64_t seen) { return seen <= 0 ? 0 : mask_of(seen); }

/// Largest score, sum of exponentials and mix of one head's block of queries.
struct State {
    float max[kRows], sum[kRows];
};

/// Scores of row `r` to exponentials [kKeys] in bf16, zero beyond the keys it sees up to `end`.
CT_BF16 void exponentiate(const float *scores, int64_t r, int64_t own, int64_t end, float scale, bool is_first, State &state, float *mixed, int64_t dim,
                          uint16_t *out) {
    __m512 lowest = _mm512_set1_ps(kLowest), factor = _mm512_set1_ps(scale), high = lowest;
    auto halves = [&](int64_t key, int v) __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))) {
        auto mask = static_cast<__mmask16>(seen_mask(own - key) >> (16 * v));
        return _mm512_mask_mul_ps(lowest, mask, _mm512_load_ps(scores + key * kRows + r * kPanel + v * 16), factor);
    };
    for (int64_t key = 0; key < own; key += kPanel)
        for (int v = 0; v < 2; v++) high = _mm512_max_ps(high, halves(key, v));
    float before = state.max[r], max = std::max(before, _mm512_reduce_max_ps(high));
    if (max > before) {
        state.max[r] = max;
        float change = std::exp(before - max);
        state.sum[r] *= change;
        for (int64_t column = 0; !is_first && column < dim; column += kPanel)
            for (int v = 0; v < 2; v++) {
                float *place = mixed + column * kRows + r * kPanel + v * 16;
                _mm512_store_ps(place, _mm512_mul_ps(_mm512_load_ps(place), _mm512_set1_ps(change)));
            }
    }
    __m512 top = _mm512_set1_ps(max), sum = _mm512_setzero_ps();
    for (int64_t key = 0; key < end; key += kPanel) {
        __m512 e[2];
        for (int v = 0; v < 2; v++) {
            auto mask = static_cast<__mmask16>(seen_mask(own - key) >> (16 * v));
            e[v] = _mm512_maskz_mov_ps(mask, exp_of(_mm512_sub_ps(halves(key, v), top)));
            sum = _mm512_add_ps(sum, e[v]);
        }
        _mm512_store_si512(out + key, (__m512i)_mm512_cvtne2ps_pbh(e[1], e[0]));
    }
    state.sum[r] += _mm512_reduce_add_ps(sum);
}

CT_BF16 void forward(const Segment &a, int64_t first_query, int64_t end) {
    thread_local Scratch packed, scratch;
    int64_t keys = a.visible(end), width = panels_of(a.dim) * kPanel, blocks = (keys + kKeys - 1) / kKeys;
    auto *key_panels = packed.take<uint32_t>(blocks * kKeys * (a.dim + width) / 2), *value_panels = key_panels + blocks * kKeys * a.dim / 2;
    for (int64_t base = 0; base < keys; base += kKeys) {
        int64_t count = std::min(kKeys, keys - base);
        pack_keys(a.k.at(base), a.k.row, count, a.dim, key_panels + base * a.dim / 2);
        pack_values(a.v.at(base), a.v.row, count, a.dim, kKeys, value_panels + base * width / 2);
    }
    auto *scores = scratch.take<float>(kRows * kKeys * 3 / 2 + a.heads * kRows * width);
    auto *exponentials = reinterpret_cast<uint16_t *>(scores + kRows * kKeys);
    float *mixes = scores + kRows * kKeys * 3 / 2;
    std::vector<State> states(a.heads);
    for (int64_t first = first_query; first < end; first += kRows) {
        int64_t rows = std::min(kRows, end - first), visible = a.visible(first + rows);
        std::fill_n(mixes, a.heads * kRows * width, 0.0f);
        for (auto &state : states) {
            std::fill_n(state.max, kRows, kLowest);
            std::fill_n(state.sum, kRows, 0.0f);
        }
        for (int64_t base = 0; base < visible; base += kKeys) {
            Sight sight{a, first, base, std::min(kKeys, visible - base)};
            for (int64_t h = 0; h < a.heads; h++) {
                float *mixed = mixes + h * kRows * width;
                score(sight, a.q.at(first, h), a.q.row, rows, a.dim, key_panels + base * a.dim / 2, scores);
                for (int64_t r = 0; r < rows; r++) {
                    int64_t last = std::min(r / kTile * kTile + kTile, rows) - 1;
                    exponentiate(scores, r, sight(r), sight(last), a.scale, base == 0, states[h], mixed, a.dim, exponentials + r * kKeys);
                }
                mix(sight, exponentials, rows, a.dim, value_panels + base * width / 2, mixed, kRows);
            }
        }
        for (int64_t h = 0; h < a.heads; h++)
            for (int64_t r = 0; r < rows; r++) {
                float sum = states[h].sum[r];
                *a.lse.at(first + r, h) = states[h].max[r] + std::log(sum);
                store_row(mixes + h * kRows * width + r * kPanel, kRows, a.dim, 1 / sum, a.out.at(first + r, h));
            }
    }
}

/// out · dout of a row.
CT_BF16 float row_product(const uint16_t *x, const uint16_t *y, int64_t dim) {
    __m512 sum = _mm512_setzero_ps();
    for (int64_t j = 0; j < dim; j += 16) {
        auto mask = static_cast<__mmask16>(mask_of(std::min<int64_t>(16, dim - j)));
        auto wide = [&](const uint16_t *p) __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma"))) {
            return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, p + j)), 16));
        };
        sum = _mm512_fmadd_ps(wide(x), wide(y), sum);
    }
    return _mm512_reduce_add_ps(sum);
}

/// Probabilities p = exp(scale * s - lse) and ds = p * (dp - delta) of row `r`, [kKeys] in bf16, zero from `own` to `end`.
CT_BF16 void differentiate(const float *scores, const float *dprobabilities, int64_t r, int64_t own, int64_t end, float scale, float lse, float delta,
                           uint16_t *probabilities, uint16_t *dscores) {
    for (int64_t key = 0; key < end; key += kPanel) {
        __m512 p[2], ds[2];
        for (int v = 0; v < 2; v++) {
            auto mask = static_cast<__mmask16>(seen_mask(own - key) >> (16 * v));
            int64_t place = key * kRows + r * kPanel + v * 16;
            __m512 x = _mm512_fmsub_ps(_mm512_load_ps(scores + place), _mm512_set1_ps(scale), _mm512_set1_ps(lse));
            p[v] = _mm512_maskz_mov_ps(mask, exp_of(x));
            ds[v] = _mm512_maskz_mul_ps(mask, p[v], _mm512_sub_ps(_mm512_load_ps(dprobabilities + place), _mm512_set1_ps(delta)));
        }
        _mm512_store_si512(probabilities + key, (__m512i)_mm512_cvtne2ps_pbh(p[1], p[0]));
        _mm512_store_si512(dscores + key, (__m512i)_mm512_cvtne2ps_pbh(ds[1], ds[0]));
    }
}

/// sums [dim / 32][kKeys][32] += left [rows, kKeys] turned, times right [rows, dim] in panels.
CT_BF16 void add_turned(const uint16_t *left, int64_t rows, int64_t keys, int64_t dim, const uint32_t *right, uint16_t *turned, float *sums) {
    for (int64_t key = 0; key < keys; key += kPanel) turn_panel(left + key, kKeys, rows, std::min(kPanel, keys - key), turned + key * kRows, kRows);
    for (int64_t column = 0; column < dim; column += kPanel)
        tiles_of(dim - column, keys, (rows + 1) / 2, turned, kRows, right + column * kRows / 2, sums + column * kKeys);
}

CT_BF16 void backward(const Segment &a, const Gradients &g) {
    thread_local Scratch whole, scratch;
    int64_t width = panels_of(a.dim) * kPanel, blocks = (a.length + kRows - 1) / kRows;
    // Of the whole segment only the queries' sums are kept: [heads][blocks][dim / 32][kRows][32].
    auto *dqueries = whole.take<float>(a.heads * blocks * kRows * (width + 1)), *deltas = dqueries + a.heads * blocks * kRows * width;
    std::memset(dqueries, 0, a.heads * blocks * kRows * width * sizeof(float));
    for (int64_t h = 0; h < a.heads; h++)
        for (int64_t i = 0; i < a.length; i++)
            deltas[h * a.length + i] = row_product(a.out.at(i, h), g.dout.at(i, h), a.dim);
    constexpr int64_t kBlock = kRows * kKeys;
    auto *scores = scratch.take<float>(2 * kBlock + 3 * kBlock / 2 + 2 * kKeys * width + kKeys * (2 * a.dim + width) / 2 + kRows * width);
    float *dprobabilities = scores + kBlock, *dkeys = dprobabilities + kBlock, *dvalues = dkeys + kKeys * width;
    auto *probabilities = reinterpret_cast<uint16_t *>(dvalues + kKeys * width), *dscores = probabilities + kBlock, *turned = dscores + kBlock;
    auto *keys = reinterpret_cast<uint32_t *>(turned + kBlock), *values = keys + kKeys * a.dim / 2, *plain_keys = values + kKeys * a.dim / 2;
    uint32_t *queries = plain_keys + kKeys * width / 2, *douts = queries + kRows * width / 2;
    for (int64_t base = 0; base < a.length; base += kKeys) {
        int64_t count = std::min(kKeys, a.length - base);
        pack_keys(a.k.at(base), a.k.row, count, a.dim, keys);
        pack_keys(a.v.at(base), a.v.row, count, a.dim, values);
        pack_values(a.k.at(base), a.k.row, count, a.dim, kKeys, plain_keys);
        std::memset(dkeys, 0, 2 * kKeys * width * sizeof(float));
        for (int64_t h = 0; h < a.heads; h++) {
            for (int64_t first = a.causal ? base : 0; first < a.length; first += kRows) {
                int64_t rows = std::min(kRows, a.length - first);
                Sight sight{a, first, base, count};
                const uint16_t *q = a.q.at(first, h), *dout = g.dout.at(first, h);
                score(sight, q, a.q.row, rows, a.dim, keys, scores);
                score(sight, dout, g.dout.row, rows, a.dim, values, dprobabilities);
                int64_t seen = sight(rows - 1);
                for (int64_t r = 0; r < rows; r++)
                    differentiate(scores, dprobabilities, r, sight(r), seen, a.scale, *a.lse.at(first + r, h), deltas[h * a.length + first + r],
                                  probabilities + r * kKeys, dscores + r * kKeys);
                pack_values(q, a.q.row, rows, a.dim, kRows, queries);
                pack_values(dout, g.dout.row, rows, a.dim, kRows, douts);
                add_turned(probabilities, rows, seen, a.dim, douts, turned, dvalues);
                add_turned(dscores, rows, seen, a.dim, queries, turned, dkeys);
                mix(sight, dscores, rows, a.dim, plain_keys, dqueries + (h * blocks + first / kRows) * kRows * width, kRows);
            }
        }
        for (int64_t i = 0; i < count; i++) {
            if (g.sums_k) {
                for (int64_t j = 0; j < a.dim; j++) {
                    int64_t place = j / kPanel * kPanel * kKeys + i * kPanel + j % kPanel;
                    g.sums_k[(base + i) * a.dim + j] = dkeys[place] * a.scale;
                    g.sums_v[(base + i) * a.dim + j] = dvalues[place];
                }
            } else {
                store_row(dkeys + i * kPanel, kKeys, a.dim, a.scale, g.dk.at(base + i));
                store_row(dvalues + i * kPanel, kKeys, a.dim, 1, g.dv.at(base + i));
            }
        }
    }
    for (int64_t h = 0; h < a.heads; h++)
        for (int64_t i = 0; i < a.length; i++)
            store_row(dqueries + (h * blocks + i / kRows) * kRows * width + i % kRows * kPanel, kRows, a.dim, a.scale, g.dq.at(i, h));
}
}  // namespace

namespace ctorch {
void bf16_attention(const SegmentRows<uint16_t> &segment, int64_t first, int64_t end) { forward(segment, first, end); }
void bf16_attention_backward(const SegmentRows<uint16_t> &segment, const SegmentGradients<uint16_t> &gradients) { backward(segment, gradients); }
}  // namespace ctorch
#else
namespace ctorch {
void bf16_attention(const SegmentRows<uint16_t> &, int64_t, int64_t) {}
void bf16_attention_backward(const SegmentRows<uint16_t> &, const SegmentGradients<uint16_t> &) {}
}  // namespace ctorch
#endif
