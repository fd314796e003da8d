#include "generation/adapter_tiles.hpp"

#include "ctorch_inference.h"

namespace ctorch {
at::Tensor to_tiles(const at::Tensor &b, double scale) {
    TORCH_CHECK(b.dim() == 2, "the output side of an adapter of shape ", b.sizes());
    int64_t outs = b.size(0), tiles = (outs + kTileOutputs - 1) / kTileOutputs;
    at::Tensor filled = at::constant_pad_nd(b.to(at::kFloat) * scale, {0, 0, 0, tiles * kTileOutputs - outs});
    return filled.view({tiles, kTileOutputs, b.size(1)}).transpose(1, 2).contiguous();
}

at::Tensor from_tiles(const at::Tensor &tiles, int64_t outs) {
    return tiles.transpose(0, 1).reshape({tiles.size(1), -1}).narrow(1, 0, outs);
}

bool is_tiled(const at::Tensor &tiles, int64_t rank, int64_t outs) {
    return tiles.scalar_type() == at::kFloat && tiles.is_contiguous()
        && tiles.sizes() == at::IntArrayRef({(outs + kTileOutputs - 1) / kTileOutputs, rank, kTileOutputs});
}
}  // namespace ctorch

extern "C" ct_optional ct_adapter_tiles(ct_optional b, double scale) {
    if (!b) return nullptr;
    return ctorch::guarded_tensor("adapter_tiles", [&] {
        at::NoGradGuard off;
        return ctorch::to_tiles(ctorch::borrow(b).detach(), scale);
    });
}
