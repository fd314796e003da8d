// Attention blocked over queries and keys: the scores of a block live in cache and are never written to memory, whatever the
// length; causal blocks skip the keys they cannot see.
#include "kernels/attention.hpp"

#include "kernels/kernels.hpp"

#include <cmath>

using namespace ctorch;

namespace {

constexpr int64_t kQueryRows = 32;  // rows of a score block
constexpr int64_t kPanel = 32;      // keys of one packed panel
constexpr int64_t kKeys = 256;      // keys of a score block: with its keys and values it fits the second cache

constexpr float kLowest = -3.0e38f;

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// Columns of a product are a multiple of 16.
int64_t padded_dim(int64_t dim) { return round_up(dim, 16); }

/// Rows `first` ..< `first + count` of a head as fp32 [count, padded], the padding zero.
template <typename T>
void unpack(const HeadRows<const T> &rows, int64_t first, int64_t count, int64_t head, int64_t dim, float scale, float *out) {
    int64_t padded = padded_dim(dim);
    for (int64_t i = 0; i < count; i++) {
        kernels().rows<T>().to_float(rows.at(first + i, head), out + i * padded, dim, scale);
        for (int64_t j = dim; j < padded; j++) out[i * padded + j] = 0;
    }
}

/// The transpose of fp32 rows [rows, padded] in panels [rows / 32][dim][32], so that a product with it reads memory in
/// order; keys beyond `rows` are zero.
void pack_panels(const float *matrix, int64_t rows, int64_t dim, float *panels) {
    int64_t padded = padded_dim(dim);
    for (int64_t first = 0; first < rows; first += kPanel) {
        float *panel = panels + first * dim;
        int64_t count = std::min(kPanel, rows - first);
        for (int64_t d = 0; d < dim; d++) {
            for (int64_t j = 0; j < count; j++) panel[d * kPanel + j] = matrix[(first + j) * padded + d];
            for (int64_t j = count; j < kPanel; j++) panel[d * kPanel + j] = 0;
        }
    }
}

/// scores[rows, kKeys] = a[rows, padded] * panels, for `keys` keys.
void score(const float *a, int64_t rows, int64_t dim, const float *panels, int64_t keys, float *scores) {
    for (int64_t first = 0; first < keys; first += kPanel)
        kernels().gemm(rows, kPanel, dim, a, padded_dim(dim), 1, panels + first * dim, kPanel, scores + first, kKeys, false);
}

/// Memory of a thread, kept between calls.
float *take(std::vector<float> &buffer, int64_t count) {
    if (static_cast<int64_t>(buffer.size()) < count) buffer.resize(count);
    return buffer.data();
}
}  // namespace

namespace ctorch {
/// The largest score, the sum and the mix of a row are corrected from one block of keys to the next.
template <typename T>
void attention_rows(const SegmentRows<T> &s, int64_t first_query, int64_t end) {
    thread_local std::vector<float> matrices, block;
    int64_t dim = s.dim, padded = padded_dim(dim), keys = s.visible(end), narrow = kQueryRows * padded;
    float *values = take(matrices, keys * padded + round_up(keys, kPanel) * dim), *panels = values + keys * padded;
    unpack(s.k, 0, keys, 0, dim, 1, values);
    pack_panels(values, keys, dim, panels);
    unpack(s.v, 0, keys, 0, dim, 1, values);
    float *scores = take(block, kQueryRows * kKeys + s.heads * (2 * narrow + 2 * kQueryRows)), *rows_q = scores + kQueryRows * kKeys;
    float *rows_out = rows_q + s.heads * narrow, *maxima = rows_out + s.heads * narrow, *sums = maxima + s.heads * kQueryRows;
    for (int64_t first = first_query; first < end; first += kQueryRows) {
        int64_t rows = std::min(kQueryRows, end - first), visible = s.visible(first + rows);
        for (int64_t h = 0; h < s.heads; h++) unpack(s.q, first, rows, h, dim, s.scale, rows_q + h * narrow);
        std::fill_n(maxima, s.heads * kQueryRows, kLowest);
        std::fill_n(sums, s.heads * kQueryRows, 0.0f);
        for (int64_t base = 0; base < visible; base += kKeys) {
            int64_t count = std::min(kKeys, visible - base);
            for (int64_t h = 0; h < s.heads; h++) {
                float *mix = rows_out + h * narrow;
                score(rows_q + h * narrow, rows, dim, panels + base * dim, count, scores);
                for (int64_t r = 0; r < rows; r++) {
                    float *row = scores + r * kKeys, &max = maxima[h * kQueryRows + r], &sum = sums[h * kQueryRows + r], before = max;
                    int64_t own = std::clamp<int64_t>(s.visible(first + r + 1) - base, 0, count);
                    if (own > 0) {
                        float added = kernels().exp_row(row, own, &max);
                        float factor = base > 0 && max > before ? std::exp(before - max) : 1;
                        sum = sum * factor + added;
                        if (factor != 1)
                            for (int64_t d = 0; d < padded; d++) mix[r * padded + d] *= factor;
                    }
                    for (int64_t j = own; j < count; j++) row[j] = 0;
                }
                kernels().gemm(rows, padded, count, scores, kKeys, 1, values + base * padded, padded, mix, padded, base > 0);
            }
        }
        for (int64_t h = 0; h < s.heads; h++)
            for (int64_t r = 0; r < rows; r++) {
                float sum = sums[h * kQueryRows + r];
                *s.lse.at(first + r, h) = maxima[h * kQueryRows + r] + std::log(sum);
                kernels().rows<T>().from_float(rows_out + h * narrow + r * padded, s.out.at(first + r, h), dim, 1 / sum);
            }
    }
}

/// A block of keys with its sums stays in cache while all queries that see it pass; only the queries' sums, in fp32, are as
/// long as the segment.
template <typename T>
void attention_rows_backward(const SegmentRows<T> &s, const SegmentGradients<T> &g) {
    thread_local std::vector<float> matrices, block;
    int64_t dim = s.dim, padded = padded_dim(dim), length = s.length, size = kKeys * padded, narrow = kQueryRows * padded, wide = kQueryRows * kKeys;
    float *dqueries = take(matrices, s.heads * length * (padded + 1)), *deltas = dqueries + s.heads * length * padded;
    float *key = take(block, 4 * size + 2 * kKeys * dim + 3 * wide + 2 * narrow), *value = key + size, *dkey = value + size, *dvalue = dkey + size;
    float *key_panels = dvalue + size, *value_panels = key_panels + kKeys * dim, *scores = value_panels + kKeys * dim;
    float *probabilities = scores + wide, *dprobabilities = probabilities + wide, *rows_q = dprobabilities + wide, *rows_dout = rows_q + narrow;
    std::fill_n(dqueries, s.heads * length * padded, 0.0f);
    for (int64_t h = 0; h < s.heads; h++)
        for (int64_t i = 0; i < length; i++) {
            kernels().rows<T>().to_float(s.out.at(i, h), rows_q, dim, 1);
            kernels().rows<T>().to_float(g.dout.at(i, h), rows_dout, dim, 1);
            deltas[h * length + i] = kernels().dot(rows_q, rows_dout, dim);
        }
    for (int64_t base = 0; base < length; base += kKeys) {
        int64_t count = std::min(kKeys, length - base);
        unpack(s.k, base, count, 0, dim, 1, key);
        unpack(s.v, base, count, 0, dim, 1, value);
        pack_panels(key, count, dim, key_panels);
        pack_panels(value, count, dim, value_panels);
        std::fill(dkey, dkey + 2 * size, 0.0f);
        for (int64_t h = 0; h < s.heads; h++) {
            const float *delta = deltas + h * length;
            // kKeys is a multiple of kQueryRows: the first queries that see the block begin with it.
            for (int64_t first = s.causal ? base : 0; first < length; first += kQueryRows) {
                int64_t rows = std::min(kQueryRows, length - first), visible = std::min(count, s.visible(first + rows) - base);
                unpack(s.q, first, rows, h, dim, s.scale, rows_q);
                unpack(g.dout, first, rows, h, dim, 1, rows_dout);
                score(rows_q, rows, dim, key_panels, visible, scores);
                score(rows_dout, rows, dim, value_panels, visible, dprobabilities);
                for (int64_t r = 0; r < rows; r++) {
                    float *scored = scores + r * kKeys, *p = probabilities + r * kKeys;
                    int64_t own = std::clamp<int64_t>(s.visible(first + r + 1) - base, 0, visible);
                    kernels().softmax_backward(scored, p, dprobabilities + r * kKeys, own, *s.lse.at(first + r, h), delta[first + r]);
                    for (int64_t j = own; j < visible; j++) scored[j] = p[j] = 0;
                }
                kernels().gemm(visible, padded, rows, probabilities, 1, kKeys, rows_dout, padded, dvalue, padded, true);
                kernels().gemm(visible, padded, rows, scores, 1, kKeys, rows_q, padded, dkey, padded, true);
                kernels().gemm(rows, padded, visible, scores, kKeys, 1, key, padded, dqueries + (h * length + first) * padded, padded, true);
            }
        }
        for (int64_t i = 0; i < count; i++) {
            if (g.sums_k) {
                std::copy_n(dkey + i * padded, dim, g.sums_k + (base + i) * dim);
                std::copy_n(dvalue + i * padded, dim, g.sums_v + (base + i) * dim);
            } else {
                kernels().rows<T>().from_float(dkey + i * padded, g.dk.at(base + i), dim, 1);
                kernels().rows<T>().from_float(dvalue + i * padded, g.dv.at(base + i), dim, 1);
            }
        }
    }
    for (int64_t h = 0; h < s.heads; h++)
        for (int64_t i = 0; i < length; i++) kernels().rows<T>().from_float(dqueries + (h * length + i) * padded, g.dq.at(i, h), dim, s.scale);
}

template void attention_rows(const SegmentRows<float> &, int64_t, int64_t);
template void attention_rows(const SegmentRows<c10::BFloat16> &, int64_t, int64_t);
template void attention_rows_backward(const SegmentRows<float> &, const SegmentGradients<float> &);
template void attention_rows_backward(const SegmentRows<c10::BFloat16> &, const SegmentGradients<c10::BFloat16> &);
}  // namespace ctorch
