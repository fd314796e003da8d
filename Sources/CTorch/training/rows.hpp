// Functions over rows that several fused layers share, without a graph.
#pragma once
#include "internal.hpp"

namespace ctorch {

/// Root-mean-square norm of x [..., D] with the scale `weight` [D]; `rstd` [rows] fp32 is written.
at::Tensor rms_norm_rows(const at::Tensor &x, const at::Tensor &weight, double epsilon, at::Tensor &rstd);

/// Gradients of the norm; an undefined tensor for one that is not needed.
std::pair<at::Tensor, at::Tensor> rms_norm_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd, const at::Tensor &dy,
                                                     bool needs_input, bool needs_weight);

/// silu(gate) * up.
at::Tensor gated_rows(const at::Tensor &gate, const at::Tensor &up);

/// Gradients of gate and up.
std::pair<at::Tensor, at::Tensor> gated_gradients(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &dy);

}  // namespace ctorch
