// What generation needs beside ctorch.h: projections of few rows, a paged key-value cache with its attention, and the
// choice of tokens. Nothing here records a graph. Conventions as in ctorch.h.
#pragma once
#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

// Name of the instruction set that the kernels below were chosen for.
const char *ct_inference_kernel_set(void);
// Calls `body` while the other threads of the operators stand by, awake: for many short operators in a row. Operators of
// LibTorch itself run on the calling thread there.
void ct_with_team(void (*body)(void *_Nullable), void *_Nullable context);
// Seconds in which all threads of an operator read the tensors once, each thread a share of every tensor.
double ct_read_seconds(const ct_optional *_Nonnull tensors, int32_t count);

// ---- projections (infer_project.cpp) ------------------------------------------------------------------------------
// A low-rank adapter on the rows first_row ..< first_row + num_rows of the input.
typedef struct {
    ct_tensor a;  // [r, in]
    ct_tensor b;  // of ct_adapter_tiles
    int64_t first_row;
    int64_t num_rows;
} ct_row_adapter;
// The output side b [out, r] of an adapter, times `scale`, in the order in which projections read it: fp32 tiles
// [out / 32][r][32], the last one filled with zeros.
ct_optional ct_adapter_tiles(ct_optional b, double scale);

// Whether this machine has products of weights packed in 16 bits.
bool ct_packs_bf16(void);
// The packed weight (uint8) of a weight; bits, code and group are given, the shape is the weight's. 16 bits need an even size.
ct_optional ct_pack(ct_optional weight, ct_packing packing);
// The weight [outs, size] that a packed one stands for.
ct_optional ct_unpack(ct_optional packed, ct_packing packing, int32_t dtype);

typedef struct {
    ct_optional weight;  // [out, in], or packed
    ct_packing packing;
    ct_optional bias;    // [out]
    const ct_row_adapter *_Nullable adapters;
    int32_t num_adapters;
} ct_infer_projection;
// Rows up to which the kernels that are bound by reading the weights are used; none on CUDA.
int32_t ct_infer_few_rows(void);
// y_i = x W_i^T + b_i and the adapters' parts, in x's dtype. Each row's result is the same whatever rows are beside it
// when there are at most ct_infer_few_rows() of them.
bool ct_infer_project(ct_optional x, const ct_infer_projection *projections, int32_t count, ct_optional *_Nonnull out);
// silu(x W_gate^T) * (x W_up^T): both projections as one.
ct_optional ct_infer_gated(ct_optional x, const ct_infer_projection *projections);
// x W^T in fp32 whatever the dtype of x and W: logits. Bias and adapters are not looked at.
ct_optional ct_logits(ct_optional x, const ct_infer_projection *projection);

// ---- paged cache (paged_attention.cpp) ----------------------------------------------------------------------------
enum { CT_BLOCK_TOKENS = 16 };
// An untouched cache [layers][2][blocks][kv_heads][16 * dim rounded up to 16]: memory that is only taken when written.
ct_optional ct_paged_cache(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t dim, int32_t dtype);
// The sequences of a pass: queries of sequence i are rows offsets[i] ..< offsets[i + 1]; with them it has lengths[i]
// positions, whose blocks are tables[i * table_stride ...].
typedef struct {
    int32_t num_sequences;
    int32_t table_stride;
    const int32_t *offsets;
    const int32_t *lengths;
    const int32_t *tables;
} ct_paged_batch;
// Rotates q [T, H * d] and k [T, K * d] by cos and sin [T, d] (fp32), writes k and v into the layer's blocks
// (cache [2][blocks]...) and attends causally to all positions of each sequence. Returns [T, H * d].
ct_optional ct_paged_attention(ct_optional q, ct_optional k, ct_optional v, ct_optional cos, ct_optional sin, ct_optional cache,
                               int64_t dim, const ct_paged_batch *batch, double scale);
// Copies block from[i] to to[i] in every layer.
bool ct_paged_copy(ct_optional cache, const int32_t *from, const int32_t *to, int32_t count);

// ---- choosing tokens (sampling.cpp) -------------------------------------------------------------------------------
typedef struct {
    // 0 takes the likeliest token; otherwise the logits are divided by it and `uniform` in [0, 1) decides.
    double temperature;
    double uniform;
    int32_t top_k;  // 0 for all
    double top_p;   // 1 for all
    double min_p;   // 0 for all
    double repetition, presence, frequency;
    // Known tokens: those of prompt and answer, with their number in the answer.
    const int32_t *_Nullable seen;
    const int32_t *_Nullable seen_counts;
    int32_t num_seen;
    const int32_t *_Nullable bias_ids;
    const float *_Nullable biases;
    int32_t num_biases;
    // One bit a token that may come; null allows all. `extra` are allowed besides, `banned` never.
    const uint64_t *_Nullable mask;
    int64_t num_mask_words;
    const int32_t *_Nullable extra;
    int32_t num_extra;
    const int32_t *_Nullable banned;
    int32_t num_banned;
    // Tokens whose raw log-probabilities are wanted; -1 for not even the chosen one's.
    int32_t num_likeliest;
} ct_sampling;
typedef struct {
    int32_t id;       // -1 when no token is allowed
    float logprob;    // of the raw logits; NaN when not asked for
} ct_token;
// Chooses one token a row of logits (fp32 [n, V], changed). `chosen` gets n tokens, `likeliest` (n rows of `stride`
// tokens) the likeliest of each row, best first.
bool ct_sample(ct_optional logits, const ct_sampling *rows, int32_t count, ct_token *chosen, ct_token *_Nullable likeliest, int32_t stride);
// Raw log-probability of targets[i] in row i of logits, and the `num_likeliest` likeliest tokens of each row.
bool ct_token_logprobs(ct_optional logits, const int32_t *targets, int32_t count, int32_t num_likeliest, ct_token *chosen,
                       ct_token *_Nullable likeliest);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
