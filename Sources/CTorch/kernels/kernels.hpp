// The inner loops of the fused layers, as a table of plain functions per element type, compiled once for every
// instruction set and chosen when the program starts. Everything is computed in fp32, whatever it is stored in.
#pragma once
#include "internal.hpp"

#include <cstdint>

namespace ctorch {

/// Loops over rows of elements of type T. Sizes and strides count elements.
template <typename T>
struct RowKernels {
    void (*norm_forward)(const T *x, const T *weight, T *y, float *rstd, int64_t size, float epsilon);
    /// `dx` and `dweight` may be null; `dweight` is added to.
    void (*norm_backward)(const T *x, const T *weight, const T *dy, T *dx, float *dweight, float rstd, int64_t size);
    /// Rotates pairs (i, i + dim / 2) of every head; `direction` -1 turns back.
    void (*rotate)(const T *x, T *y, const float *cos, const float *sin, int64_t heads, int64_t dim, int64_t head_stride, float direction);
    void (*swiglu_forward)(const T *gate, const T *up, T *y, int64_t size);
    void (*swiglu_backward)(const T *gate, const T *up, const T *dy, T *dgate, T *dup, int64_t size);
    /// Cross-entropy of one row of logits against `label`; with `gradient_scale` != 0 the row is replaced by
    /// (softmax - one_hot) * gradient_scale. `hit` is set when the label has the largest logit.
    float (*cross_entropy)(T *logits, int64_t size, int64_t label, float gradient_scale, bool *hit);
    void (*to_float)(const T *x, float *y, int64_t size, float scale);
    void (*from_float)(const float *x, T *y, int64_t size, float scale);
};

struct Kernels {
    const char *name;
    RowKernels<float> f32;
    RowKernels<c10::BFloat16> bf16;
    /// c[m, n] (+)= a[m, k] b[k, n]: a at a[m * a_row + k * a_column], b and c with unit columns; n a multiple of 16.
    void (*gemm)(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row,
                 float *c, int64_t c_row, bool accumulate);
    /// In place exp(s - max) of `size` scores; returns the sum. `max` becomes the largest of them and of what it was.
    float (*exp_row)(float *scores, int64_t size, float *max);
    /// p = exp(s - lse); s = p * (dp - delta).
    void (*softmax_backward)(float *scores, float *probabilities, const float *dp, int64_t size, float lse, float delta);
    float (*dot)(const float *a, const float *b, int64_t size);
    /// AdamW on fp32 arrays, see ct_adamw.
    void (*adamw)(float *parameter, const float *gradient, float *first, float *second, int64_t size, float step_size, float beta1,
                  float beta2, float epsilon, float decay, float correction, float gradient_scale);

    template <typename T>
    const RowKernels<T> &rows() const;
};
template <>
inline const RowKernels<float> &Kernels::rows<float>() const { return f32; }
template <>
inline const RowKernels<c10::BFloat16> &Kernels::rows<c10::BFloat16>() const { return bf16; }

/// The table for this machine.
const Kernels &kernels();

/// Calls `body` with a null pointer of the tensor's element type: float or BFloat16.
template <typename Body>
void dispatch(at::ScalarType dtype, const char *op, Body &&body) {
    if (dtype == at::kFloat) {
        body(static_cast<float *>(nullptr));
    } else if (dtype == at::kBFloat16) {
        body(static_cast<c10::BFloat16 *>(nullptr));
    } else {
        TORCH_CHECK(false, op, " takes float32 or bfloat16, not ", dtype);
    }
}

}  // namespace ctorch
