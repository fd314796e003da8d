// What our own kernels compute of CUDA tensors. Each function gives nothing where its kernel does not fit (dtype, sizes,
// alignment), is switched off (ANNEAL_CUDA_KERNELS=0) or failed the check at its first use; LibTorch's operators serve then.
#pragma once
#include "internal.hpp"

namespace ctorch::cuda {

/// Lets this thread run the kernels on CPU tensors that are composed, by emulation. For tests.
void set_emulated(bool emulated);

/// silu(gate) * up.
std::optional<at::Tensor> gated(const at::Tensor &gate, const at::Tensor &up);
std::optional<std::pair<at::Tensor, at::Tensor>> gated_gradients(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &dy);

/// x [T, H, d] turned by cos and sin [T, d] fp32; `direction` -1 turns back.
std::optional<at::Tensor> rotate(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin, double direction);

/// Losses of rows of logits [n, V] against labels in the vocabulary, into `losses` and `hits` (fp32 [n]; the latter may be
/// undefined). With `weights` (fp32 [n]) the logits become their gradients. False when it does not fit.
bool cross_entropy(const at::Tensor &logits, const at::Tensor &labels, const at::Tensor &weights, const at::Tensor &losses, const at::Tensor &hits);

/// Turns q and k [T, heads * d], writes k and v to `places` (int64 [T]) of the cache [2][blocks][16][kv_heads][d]; the turned q [T, H, d].
std::optional<at::Tensor> paged_write(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &cos, const at::Tensor &sin,
                                      const at::Tensor &places, const at::Tensor &cache);

/// Attention of one query a sequence, q [S, H, d]. `tables` int32 [S, 1 + blocks]: each sequence's length and blocks.
std::optional<at::Tensor> paged_decode(const at::Tensor &q, const at::Tensor &cache, const at::Tensor &tables, int64_t longest, double scale);

}  // namespace ctorch::cuda
