// RMSNorm, rotary embedding and SwiGLU, forward and backward, each in one pass over memory.
#include "composed/composed.hpp"
#include "kernels/kernels.hpp"
#include "device/profile.hpp"
#include "training/rows.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int64_t kGrain = 8;  // rows a thread takes at least

at::Tensor rotate(const at::Tensor &input, const at::Tensor &cos, const at::Tensor &sin, float direction) {
    if (composes(input)) return composed::rotate(input, cos, sin, direction);
    Span span(CT_GROUP_ELEMENTWISE, "rotary");
    at::Tensor x = input.stride(-1) == 1 ? input : input.contiguous();
    int64_t rows = x.size(0), heads = x.size(1), dim = x.size(2), row_stride = x.stride(0), head_stride = x.stride(1);
    TORCH_CHECK(cos.sizes() == at::IntArrayRef({rows, dim}), "rotary: cos has shape ", cos.sizes(), ", x ", x.sizes());
    at::Tensor y = at::empty({rows, heads, dim}, x.options());
    dispatch(x.scalar_type(), "rotary", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *xp = x.const_data_ptr<T>();
        T *yp = y.mutable_data_ptr<T>();
        const float *cp = cos.const_data_ptr<float>(), *sp = sin.const_data_ptr<float>();
        parallel_for(rows, kGrain, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++) {
                kernels().rows<T>().rotate(xp + r * row_stride, yp + r * heads * dim, cp + r * dim, sp + r * dim, heads, dim, head_stride, direction);
            }
        });
    });
    return y;
}

struct Rotary : torch::autograd::Function<Rotary> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor x, at::Tensor cos, at::Tensor sin) {
        ctx->save_for_backward({cos, sin});
        return rotate(x, cos, sin, 1);
    }
    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        return {rotate(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
    }
};

constexpr int64_t kChunk = 16384;  // elements a thread takes at least
}  // namespace

namespace ctorch {
at::Tensor rms_norm_rows(const at::Tensor &x, const at::Tensor &weight, double epsilon, at::Tensor &rstd) {
    if (composes(x)) return composed::rms_norm(x, weight, epsilon, rstd);
    Span span(CT_GROUP_ELEMENTWISE, "rms_norm");
    int64_t size = x.size(-1), rows = x.numel() / size;
    at::Tensor w = as(weight.detach(), x.scalar_type()).contiguous();
    at::Tensor y = at::empty_like(x);
    rstd = at::empty({rows}, at::kFloat);
    dispatch(x.scalar_type(), "rms_norm", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *xp = x.const_data_ptr<T>(), *wp = w.const_data_ptr<T>();
        T *yp = y.mutable_data_ptr<T>();
        float *rp = rstd.mutable_data_ptr<float>();
        parallel_for(rows, kGrain, [&](int64_t begin, int64_t end) {
            for (int64_t r = begin; r < end; r++) kernels().rows<T>().norm_forward(xp + r * size, wp, yp + r * size, rp + r, size, static_cast<float>(epsilon));
        });
    });
    return y;
}

std::pair<at::Tensor, at::Tensor> rms_norm_gradients(const at::Tensor &x, const at::Tensor &weight, const at::Tensor &rstd, const at::Tensor &dy_in,
                                                     bool needs_input, bool needs_weight) {
    if (composes(x)) return composed::rms_norm_gradients(x, weight, rstd, dy_in, needs_input, needs_weight);
    Span span(CT_GROUP_ELEMENTWISE, "rms_norm gradient");
    at::Tensor dy = dy_in.contiguous();
    int64_t size = x.size(-1), rows = x.numel() / size;
    at::Tensor w = as(weight.detach(), x.scalar_type()).contiguous();
    at::Tensor dx = needs_input ? at::empty_like(x) : at::Tensor();
    // One partial sum a block of rows, added up in order: the result does not depend on the number of threads.
    constexpr int64_t kBlock = 64;
    int64_t blocks = (rows + kBlock - 1) / kBlock;
    at::Tensor partial = needs_weight ? at::zeros({blocks, size}, at::kFloat) : at::Tensor();
    dispatch(x.scalar_type(), "rms_norm_backward", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *xp = x.const_data_ptr<T>(), *wp = w.const_data_ptr<T>(), *dyp = dy.const_data_ptr<T>();
        T *dxp = needs_input ? dx.mutable_data_ptr<T>() : nullptr;
        const float *rp = rstd.const_data_ptr<float>();
        float *pp = needs_weight ? partial.mutable_data_ptr<float>() : nullptr;
        parallel_for(blocks, 1, [&](int64_t begin, int64_t end) {
            for (int64_t b = begin; b < end; b++) {
                for (int64_t r = b * kBlock; r < std::min(rows, (b + 1) * kBlock); r++) {
                    kernels().rows<T>().norm_backward(xp + r * size, wp, dyp + r * size, dxp ? dxp + r * size : nullptr, pp ? pp + b * size : nullptr, rp[r], size);
                }
            }
        });
    });
    return {dx, needs_weight ? as(partial.sum(0), weight.scalar_type()) : at::Tensor()};
}

at::Tensor gated_rows(const at::Tensor &gate, const at::Tensor &up) {
    if (composes(gate)) return composed::gated(gate, up);
    Span span(CT_GROUP_ELEMENTWISE, "swiglu");
    TORCH_CHECK(gate.sizes() == up.sizes() && gate.scalar_type() == up.scalar_type(), "swiglu: gate ", gate.sizes(), ", up ", up.sizes());
    at::Tensor y = at::empty_like(gate);
    dispatch(gate.scalar_type(), "swiglu", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *g = gate.const_data_ptr<T>(), *u = up.const_data_ptr<T>();
        T *out = y.mutable_data_ptr<T>();
        parallel_for(gate.numel(), kChunk, [&](int64_t begin, int64_t end) { kernels().rows<T>().swiglu_forward(g + begin, u + begin, out + begin, end - begin); });
    });
    return y;
}

std::pair<at::Tensor, at::Tensor> gated_gradients(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &dy_in) {
    if (composes(gate)) return composed::gated_gradients(gate, up, dy_in);
    Span span(CT_GROUP_ELEMENTWISE, "swiglu gradient");
    at::Tensor dy = dy_in.contiguous(), dgate = at::empty_like(gate), dup = at::empty_like(up);
    dispatch(gate.scalar_type(), "swiglu_backward", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *g = gate.const_data_ptr<T>(), *u = up.const_data_ptr<T>(), *d = dy.const_data_ptr<T>();
        T *dg = dgate.mutable_data_ptr<T>(), *du = dup.mutable_data_ptr<T>();
        parallel_for(gate.numel(), kChunk, [&](int64_t begin, int64_t end) {
            kernels().rows<T>().swiglu_backward(g + begin, u + begin, d + begin, dg + begin, du + begin, end - begin);
        });
    });
    return {dgate, dup};
}
}  // namespace ctorch

namespace {
struct RMSNorm : torch::autograd::Function<RMSNorm> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor input, at::Tensor weight, double epsilon) {
        at::Tensor x = input.contiguous(), rstd;
        at::Tensor y = rms_norm_rows(x, weight, epsilon, rstd);
        ctx->save_for_backward({x, weight, rstd});
        return y;
    }
    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        auto [dx, dweight] = rms_norm_gradients(saved[0], saved[1], saved[2], gradients[0], ctx->needs_input_grad(0), ctx->needs_input_grad(1));
        return {dx, dweight, at::Tensor()};
    }
};

struct SwiGLU : torch::autograd::Function<SwiGLU> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor gate_in, at::Tensor up_in) {
        at::Tensor gate = gate_in.contiguous(), up = up_in.contiguous();
        ctx->save_for_backward({gate, up});
        return gated_rows(gate, up);
    }
    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        auto [dgate, dup] = gated_gradients(saved[0], saved[1], gradients[0]);
        return {dgate, dup};
    }
};
}  // namespace

extern "C" {
ct_optional ct_rms_norm(ct_optional x, ct_optional weight, double epsilon) {
    if (!x || !weight) return nullptr;
    return guarded_tensor("rms_norm", [&] { return RMSNorm::apply(borrow(x), borrow(weight), epsilon); });
}
ct_optional ct_rotary(ct_optional x, ct_optional cos, ct_optional sin) {
    if (!x || !cos || !sin) return nullptr;
    return guarded_tensor("rotary", [&] { return Rotary::apply(borrow(x), borrow(cos), borrow(sin)); });
}
ct_optional ct_swiglu(ct_optional gate, ct_optional up) {
    if (!gate || !up) return nullptr;
    return guarded_tensor("swiglu", [&] { return SwiGLU::apply(borrow(gate), borrow(up)); });
}
}
