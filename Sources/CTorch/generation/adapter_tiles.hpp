// The output side of an adapter in the order in which a pass over the weights meets it.
#pragma once
#include "internal.hpp"

namespace ctorch {

constexpr int64_t kTileOutputs = 32;

/// b [outs, r], times `scale`, as fp32 tiles [outs / 32][r][32]; the last one is filled with zeros.
at::Tensor to_tiles(const at::Tensor &b, double scale);
/// The matrix [r, outs] of such tiles.
at::Tensor from_tiles(const at::Tensor &tiles, int64_t outs);
bool is_tiled(const at::Tensor &tiles, int64_t rank, int64_t outs);

}  // namespace ctorch
