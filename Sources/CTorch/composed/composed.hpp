// What CUDA tensors are computed with: LibTorch's operators in place of our CPU kernels, with the same mathematics. The
// entry of each fused function asks `composes` and calls its namesake here; tests compare both on the CPU.
#pragma once
#include "internal.hpp"
#include "ctorch_inference.h"

namespace ctorch {

/// Whether what is computed from `t` is composed: always off the CPU, on it when a test asks.
bool composes(const at::Tensor &t);

/// The device that new tensors are made on.
at::Device default_device();

/// `host`, which lies on the CPU, on `device`. Small tensors travel from pinned memory while the program goes on.
at::Tensor upload(const at::Tensor &host, at::Device device);

/// The entries as int32 on `device`: offsets of segments. Tables that were asked for lately are kept.
at::Tensor device_table(const std::vector<int64_t> &entries, at::Device device);

/// Major and minor version of what a CUDA device can do.
std::pair<int, int> compute_capability(at::Device device);

/// Whether LibTorch's flash attention takes this query: bf16 or fp16 on a GPU of 2020 or newer.
bool takes_flash(const at::Tensor &q);

/// Generator states of the CPU and, for CUDA tensors, of their device.
struct RandomState {
    at::Tensor cpu, cuda;
    at::Device device = at::kCPU;
    static RandomState of(at::Device device);
    void restore() const;
};

namespace composed {

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &weight, double epsilon, at::Tensor &rstd);
std::pair<at::Tensor, at::Tensor> rms_norm_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd, const at::Tensor &dy,
                                                     bool needs_input, bool needs_weight);
/// x [T, H, d] turned by cos and sin [T, d]; `direction` -1 turns back.
at::Tensor rotate(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin, double direction);
at::Tensor gated(const at::Tensor &gate, const at::Tensor &up);
std::pair<at::Tensor, at::Tensor> gated_gradients(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &dy);

/// Differentiable.
at::Tensor segment_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &offsets, bool causal, double scale);
at::Tensor linear_cross_entropy(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &labels, const at::Tensor &weights, int64_t block_rows);
at::Tensor linear_log_probs(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &labels, int64_t block_rows);

struct Adam {
    int64_t step;
    double learning_rate, beta1, beta2, epsilon, weight_decay, gradient_scale;
};
void adamw(const std::vector<at::Tensor> &parameters, const std::vector<at::Tensor> &gradients, const std::vector<at::Tensor> &first,
           const std::vector<at::Tensor> &second, const Adam &settings);

/// Generation, without a graph.
std::vector<at::Tensor> infer_project(const at::Tensor &x, const ct_infer_projection *projections, int32_t count);
at::Tensor logits(const at::Tensor &x, const at::Tensor &weight);
/// A cache [layers][2][blocks][16][kv_heads][dim]; the one of our kernels has a dimension less.
at::Tensor paged_cache(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t dim, at::ScalarType dtype);
inline bool is_paged_layer(const at::Tensor &cache) { return cache.dim() == 5; }
inline bool is_paged_cache(const at::Tensor &cache) { return cache.dim() == 6; }
at::Tensor paged_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &cos, const at::Tensor &sin, const at::Tensor &cache,
                           const ct_paged_batch &batch, double scale);
void paged_copy(const at::Tensor &cache, const int32_t *from, const int32_t *to, int32_t count);

}  // namespace composed
}  // namespace ctorch
