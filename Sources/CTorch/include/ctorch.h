// The C ABI over LibTorch: everything Swift may ask of it. No C++ type and no exception crosses this header.
//
// Conventions
//   - A `ct_tensor` is an owned reference; every function that returns one gives the caller a reference to free with
//     `ct_free`. Arguments are borrowed.
//   - A failing call records the first error of this thread (operator, message) and returns NULL or zero. A NULL
//     argument makes a call return NULL without recording, so that the first cause stays the reported one.
//   - dtypes and devices are the enums below; shapes are int64_t arrays.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct ct_tensor_s *ct_tensor;
#define ct_optional ct_tensor _Nullable

enum { CT_U8 = 0, CT_I8 = 1, CT_I16 = 2, CT_I32 = 3, CT_I64 = 4, CT_F16 = 5, CT_F32 = 6, CT_F64 = 7, CT_BOOL = 11, CT_BF16 = 15 };

// ---- errors (errors.cpp) ------------------------------------------------------------------------------------------
// True when this thread has a recorded error.
bool ct_error_pending(void);
// Operator name and message of the recorded error; valid until ct_error_clear.
const char *ct_error_operator(void);
const char *ct_error_message(void);
void ct_error_clear(void);

// ---- runtime (runtime.cpp) ----------------------------------------------------------------------------------------
const char *ct_version(void);
const char *ct_cpu_capability(void);
// Name of the instruction set that the fused kernels were chosen for.
const char *ct_kernel_set(void);
bool ct_cuda_available(void);
int32_t ct_num_threads(void);
void ct_set_num_threads(int32_t count);
bool ct_grad_enabled(void);
void ct_set_grad_enabled(bool enabled);
void ct_manual_seed(uint64_t seed);
// Default CPU generator state as a uint8 tensor, and back.
ct_optional ct_rng_state(void);
void ct_set_rng_state(ct_optional state);

// ---- lifetime, creation, access (tensor.cpp) ----------------------------------------------------------------------
void ct_free(ct_optional tensor);
ct_optional ct_retain(ct_optional tensor);
ct_optional ct_empty(const int64_t *shape, int32_t rank, int32_t dtype);
ct_optional ct_full(const int64_t *shape, int32_t rank, double value, int32_t dtype);
ct_optional ct_arange(double start, double end, double step, int32_t dtype);
// Copies `count` elements from memory.
ct_optional ct_from_memory(const void *data, const int64_t *shape, int32_t rank, int32_t dtype);
// Wraps memory that stays valid until `release(context)` is called (when the last user is gone).
ct_optional ct_wrap_memory(void *data, const int64_t *shape, int32_t rank, int32_t dtype,
                           void (*_Nonnull release)(void *_Nullable), void *_Nullable context);
int32_t ct_rank(ct_optional t);
int64_t ct_size(ct_optional t, int32_t dim);
int64_t ct_numel(ct_optional t);
int32_t ct_dtype(ct_optional t);
bool ct_is_contiguous(ct_optional t);
void *_Nullable ct_data(ct_optional t);
double ct_item(ct_optional t);
bool ct_all_finite(ct_optional t);

// ---- operators (operators.cpp) ------------------------------------------------------------------------------------
ct_optional ct_to_dtype(ct_optional t, int32_t dtype);
ct_optional ct_contiguous(ct_optional t);
ct_optional ct_clone(ct_optional t);
ct_optional ct_detach(ct_optional t);
void ct_copy_(ct_optional destination, ct_optional source);
void ct_fill_(ct_optional t, double value);
void ct_add_scaled_(ct_optional t, ct_optional other, double scale);
void ct_mul_scalar_(ct_optional t, double scale);
ct_optional ct_reshape(ct_optional t, const int64_t *shape, int32_t rank);
ct_optional ct_transpose(ct_optional t, int32_t a, int32_t b);
ct_optional ct_permute(ct_optional t, const int64_t *order, int32_t rank);
ct_optional ct_expand(ct_optional t, const int64_t *shape, int32_t rank);
ct_optional ct_unsqueeze(ct_optional t, int32_t dim);
ct_optional ct_narrow(ct_optional t, int32_t dim, int64_t start, int64_t length);
ct_optional ct_select(ct_optional t, int32_t dim, int64_t index);
ct_optional ct_index_select(ct_optional t, int32_t dim, ct_optional index);
ct_optional ct_index_put_rows(ct_optional t, ct_optional index, ct_optional rows);
ct_optional ct_cat(const ct_optional *_Nonnull tensors, int32_t count, int32_t dim);
ct_optional ct_stack(const ct_optional *_Nonnull tensors, int32_t count, int32_t dim);
ct_optional ct_add(ct_optional a, ct_optional b);
ct_optional ct_sub(ct_optional a, ct_optional b);
ct_optional ct_mul(ct_optional a, ct_optional b);
ct_optional ct_div(ct_optional a, ct_optional b);
ct_optional ct_add_scalar(ct_optional a, double b);
ct_optional ct_mul_scalar(ct_optional a, double b);
ct_optional ct_pow_scalar(ct_optional a, double b);
ct_optional ct_neg(ct_optional a);
ct_optional ct_exp(ct_optional a);
ct_optional ct_log(ct_optional a);
ct_optional ct_sin(ct_optional a);
ct_optional ct_cos(ct_optional a);
ct_optional ct_sqrt(ct_optional a);
ct_optional ct_rsqrt(ct_optional a);
ct_optional ct_silu(ct_optional a);
ct_optional ct_gelu(ct_optional a, bool tanh_approximation);
ct_optional ct_sigmoid(ct_optional a);
ct_optional ct_softmax(ct_optional a, int32_t dim);
ct_optional ct_log_softmax(ct_optional a, int32_t dim);
ct_optional ct_sum(ct_optional a);
ct_optional ct_sum_dim(ct_optional a, int32_t dim, bool keep);
ct_optional ct_mean_dim(ct_optional a, int32_t dim, bool keep);
ct_optional ct_max_dim(ct_optional a, int32_t dim);
ct_optional ct_argmax(ct_optional a, int32_t dim);
// Indices of the sort along the last dimension.
ct_optional ct_argsort(ct_optional a, bool descending);
ct_optional ct_cumsum(ct_optional a, int32_t dim);
ct_optional ct_matmul(ct_optional a, ct_optional b);
ct_optional ct_linear(ct_optional x, ct_optional weight, ct_optional bias);
ct_optional ct_embedding(ct_optional weight, ct_optional ids);
ct_optional ct_gather_last(ct_optional a, ct_optional index);
ct_optional ct_masked_fill(ct_optional a, ct_optional mask, double value);
ct_optional ct_less(ct_optional a, double b);
ct_optional ct_dropout(ct_optional a, double p);
ct_optional ct_multinomial(ct_optional probabilities);
// Norm of the vector of all norms; each gradient counted in fp32.
double ct_total_norm(const ct_optional *_Nonnull tensors, int32_t count);
void ct_uniform_(ct_optional t, double low, double high);
void ct_normal_(ct_optional t, double mean, double std);
ct_optional ct_randperm(int64_t n);

// ---- autograd (autograd.cpp) --------------------------------------------------------------------------------------
void ct_set_requires_grad(ct_optional t, bool requires_grad);
bool ct_requires_grad(ct_optional t);
ct_optional ct_grad(ct_optional t);
void ct_clear_grad(ct_optional t);
void ct_backward(ct_optional loss, ct_optional gradient);
// A segment of the graph that keeps only its input: `forward(context, input)` runs now without a graph and again, with
// one, in the backward pass; `release(context)` is called when the graph is gone. Parameters inside the segment get
// their gradients from the second run.
ct_optional ct_recompute(ct_optional input, ct_optional (*_Nonnull forward)(void *_Nullable, ct_tensor),
                         void (*_Nonnull release)(void *_Nullable), void *_Nullable context);

// ---- fused layers (fused_*.cpp) -----------------------------------------------------------------------------------
// y = x / sqrt(mean(x^2) + eps) * weight over the last dimension, statistics in fp32; the normalised value is rounded
// to x's dtype before the product, as transformers' Qwen2RMSNorm/LlamaRMSNorm do.
ct_optional ct_rms_norm(ct_optional x, ct_optional weight, double epsilon);
// Rotates pairs (i, i + d/2) of the last dimension: x [T, H, d], cos and sin [T, d] fp32.
ct_optional ct_rotary(ct_optional x, ct_optional cos, ct_optional sin);
// silu(gate) * up.
ct_optional ct_swiglu(ct_optional gate, ct_optional up);
// Attention inside segments: q [T, H, d], k, v [T, K, d], H a multiple of K; rows of segment i are
// offsets[i] ..< offsets[i + 1] (int64 host array, count + 1 entries). Softmax in fp32. Returns [T, H, d].
ct_optional ct_segment_attention(ct_optional q, ct_optional k, ct_optional v, const int64_t *offsets, int32_t count,
                                 bool causal, double scale);
// sum_i weights[i] * cross_entropy(hidden[i] W^T, labels[i]): hidden [N, D], W [V, D], labels int64 [N], weights fp32
// [N]. The logits are made in blocks and never kept; returns [sum of weighted losses, sum of hits of argmax] fp32 [2],
// differentiable in element 0.
ct_optional ct_linear_cross_entropy(ct_optional hidden, ct_optional weight, ct_optional labels, ct_optional weights,
                                    int64_t block_rows);

// How a weight [outs, size] is packed: as bfloat16 in the order in which products read it (16 bits), in 8
// bits, or in 4 bits with bitsandbytes' codes nf4 or fp4; with 8 and 4 bits every `group` (32, 64 or 128) inputs of an
// output share an fp16 scale. `bits` is 0 for a plain weight.
enum { CT_CODE_NF4 = 0, CT_CODE_FP4 = 1 };
typedef struct {
    int32_t bits;
    int32_t code;
    int64_t group;
    int64_t outs;
    int64_t size;
} ct_packing;
// One projection of a group that shares its input x.
typedef struct {
    ct_optional weight;      // [out, in], or packed: frozen
    ct_packing packing;
    ct_optional bias;        // [out]
    ct_optional lora_a;      // [r, in]
    ct_optional lora_b;      // [out, r]
    ct_optional lora_input;  // x after the adapter's own dropout; NULL means x
    double lora_scale;
} ct_projection;
// What a group's input x is made of; it is made again in the backward pass instead of being kept.
typedef enum {
    CT_INPUT_PLAIN,       // first [T, in]
    CT_INPUT_NORMALIZED,  // the root-mean-square norm of first [T, in] with the scale second [in]
    CT_INPUT_GATED,       // silu(first) * second, both [T, in]
} ct_input_kind;
typedef struct {
    ct_input_kind kind;
    ct_optional first;
    ct_optional second;
    double epsilon;  // of the norm
} ct_projection_input;
// y_i = x W_i^T + b_i + s_i (x A_i^T) B_i^T for every projection of the group, x [T, in]; trainable tensors of another
// dtype are used in x's dtype (autocast). Writes `count` tensors to `out`; false on error.
bool ct_project(ct_projection_input input, const ct_projection *projections, int32_t count, ct_optional *_Nonnull out);

// ---- optimizer (optimizer.cpp) ------------------------------------------------------------------------------------
// AdamW as torch.optim.AdamW: decoupled weight decay, bias correction by `step` (1 is the first); the gradient is
// multiplied by `gradient_scale` first (clipping). All lists have `count` fp32 tensors.
void ct_adamw(const ct_optional *_Nonnull parameters, const ct_optional *_Nonnull gradients, const ct_optional *_Nonnull first_moments,
              const ct_optional *_Nonnull second_moments, int32_t count, int64_t step, double learning_rate, double beta1,
              double beta2, double epsilon, double weight_decay, double gradient_scale);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
