// The inner loops of generation, compiled once for every instruction set. They add in fp32; every (row, output) pair
// is summed in the same order whatever is computed beside it, so that an answer does not depend on its neighbours.
#pragma once
#include "internal.hpp"

#include <cstdint>

namespace ctorch {

/// Keys of one block of the paged cache. Its keys lie as [dim][16], its values as [16][padded dim].
constexpr int64_t kBlockTokens = 16;

struct DecodeKernels {
    const char *name;
    /// y[m][n] = x[m] . w[n] for m < rows and n < outs: x and w with rows of `size` elements.
    void (*dots_bf16)(const c10::BFloat16 *x, int64_t rows, int64_t x_row, const c10::BFloat16 *w, int64_t outs, int64_t w_row,
                      int64_t size, float *y, int64_t y_row);
    void (*dots_f32)(const float *x, int64_t rows, int64_t x_row, const float *w, int64_t outs, int64_t w_row, int64_t size, float *y,
                     int64_t y_row);
    /// scores[g][16] = q[g] . keys of one block, for `groups` queries of `dim` fp32 values.
    void (*block_scores_bf16)(const float *q, int64_t groups, int64_t dim, const c10::BFloat16 *keys, float *scores, int64_t score_row);
    void (*block_scores_f32)(const float *q, int64_t groups, int64_t dim, const float *keys, float *scores, int64_t score_row);
    /// out[g][padded] += sum over 16 of weights[g][j] * values[j].
    void (*block_values_bf16)(const float *weights, int64_t weight_row, int64_t groups, const c10::BFloat16 *values, int64_t padded, float *out);
    void (*block_values_f32)(const float *weights, int64_t weight_row, int64_t groups, const float *values, int64_t padded, float *out);
    /// y[m][0 ..< 32] += sum over r of low[m][r] * tile[r][0 ..< 32], for m < rows.
    void (*add_tile)(const float *low, int64_t rows, int64_t rank, const float *tile, float *y, int64_t y_row);
    /// y += a * x.
    void (*axpy)(float a, const float *x, float *y, int64_t size);
    float (*max)(const float *x, int64_t size);
    /// Index of the first largest value.
    int64_t (*argmax)(const float *x, int64_t size);
    /// Sum of exp((x - max) * scale) and, when `out` is given, the terms.
    double (*exp_sum)(const float *x, int64_t size, float max, float scale, float *out);
    /// Puts the indices of values that are at least `border` into `found` (at most `limit`), returns how many there are.
    int64_t (*at_least)(const float *x, int64_t size, float border, int32_t *found, int64_t limit);
    /// Reads `size` bytes, a multiple of 256, as fast as it can; returns something that depends on all of them.
    uint64_t (*read)(const char *memory, int64_t size);
};

const DecodeKernels &decode_kernels();

}  // namespace ctorch
