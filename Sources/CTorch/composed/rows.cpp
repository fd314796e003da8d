// Norm, rotation and gated product of CUDA tensors; nothing here records a graph.
#include "composed.hpp"

#include "cuda/fused.hpp"

namespace ctorch::composed {

at::Tensor rms_norm(const at::Tensor &x, const at::Tensor &weight, double epsilon, at::Tensor &rstd) {
    at::NoGradGuard off;
    at::Tensor w = as(weight.detach(), x.scalar_type()).contiguous();
    if (x.is_cuda()) {
        auto [y, r] = at::_fused_rms_norm(x, {x.size(-1)}, w, epsilon);
        rstd = r;
        return y;
    }
    at::Tensor wide = as(x, at::kFloat);
    rstd = (wide.square().mean(-1, true) + epsilon).rsqrt();
    return as(wide * rstd, x.scalar_type()) * w;
}

std::pair<at::Tensor, at::Tensor> rms_norm_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd, const at::Tensor &dy,
                                                     bool needs_input, bool needs_weight) {
    at::NoGradGuard off;
    at::Tensor w = as(weight.detach(), x.scalar_type()).contiguous(), dx, dw;
    if (x.is_cuda()) {
        std::tie(dx, dw) = at::_fused_rms_norm_backward(dy.contiguous(), x, {x.size(-1)}, rstd, w, {needs_input, needs_weight});
    } else {
        at::Tensor wide = as(x, at::kFloat), d = as(dy, at::kFloat);
        if (needs_input) {
            at::Tensor g = d * w;
            dx = as((g - wide * (g * wide).mean(-1, true) * rstd.square()) * rstd, x.scalar_type());
        }
        if (needs_weight) dw = (d * wide * rstd).reshape({-1, x.size(-1)}).sum(0);
    }
    return {needs_input ? dx : at::Tensor(), needs_weight ? as(dw, weight.scalar_type()) : at::Tensor()};
}

at::Tensor rotate(const at::Tensor &x, const at::Tensor &cos, const at::Tensor &sin, double direction) {
    at::NoGradGuard off;
    TORCH_CHECK(x.dim() == 3 && cos.dim() == 2 && cos.size(0) == x.size(0) && cos.size(1) == x.size(2) && cos.sizes() == sin.sizes(), "rotary: cos has shape ",
                cos.sizes(), ", x ", x.sizes());
    if (auto y = cuda::rotate(x, cos, sin, direction)) return *y;
    int64_t half = x.size(2) / 2;
    at::Tensor c = cos.unsqueeze(1), s = sin.unsqueeze(1), y = at::empty(x.sizes(), x.options());
    at::Tensor first = x.narrow(2, 0, half), second = x.narrow(2, half, half);
    // The first product is kept in fp32 and the sum rounded once.
    at::Tensor upper = y.narrow(2, 0, half), lower = y.narrow(2, half, half);
    at::addcmul_out(upper, first * c.narrow(2, 0, half), second, s.narrow(2, 0, half), -direction);
    at::addcmul_out(lower, second * c.narrow(2, half, half), first, s.narrow(2, half, half), direction);
    return y;
}

at::Tensor gated(const at::Tensor &gate, const at::Tensor &up) {
    at::NoGradGuard off;
    TORCH_CHECK(gate.sizes() == up.sizes() && gate.scalar_type() == up.scalar_type(), "swiglu: gate ", gate.sizes(), ", up ", up.sizes());
    if (auto y = cuda::gated(gate, up)) return *y;
    return at::silu(gate).mul_(up);
}

std::pair<at::Tensor, at::Tensor> gated_gradients(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &dy) {
    at::NoGradGuard off;
    if (auto gradients = cuda::gated_gradients(gate, up, dy)) return *gradients;
    return {at::silu_backward(dy * up, gate), at::silu(gate).mul_(dy)};
}

}  // namespace ctorch::composed
