// The log-probability of one label a row through the output layer. The gradient of a row's log-probability with respect
// to its hidden state does not depend on what the caller does with it but for a factor, so it is made in the forward
// pass, while the logits are there, and only scaled in the backward pass.
#include "composed/composed.hpp"
#include "training/output_layer.hpp"
#include "device/profile.hpp"

#include "ctorch_preference.h"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
struct LinearLogProbs : torch::autograd::Function<LinearLogProbs> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor hidden_in, at::Tensor weight_in, at::Tensor labels_in, int64_t block_rows, bool records) {
        OutputLayer layer{hidden_in.contiguous(), weight_in.detach(), labels_in.contiguous(), block_rows};
        Span span(CT_GROUP_OUTPUT, "linear_log_probs");
        layer.check("linear_log_probs");
        bool trains_weight = records && weight_in.requires_grad(), makes_gradient = records && hidden_in.requires_grad() && !trains_weight;
        at::Tensor unit = makes_gradient ? at::empty_like(layer.hidden) : at::Tensor(), losses = at::empty({layer.hidden.size(0)}, at::kFloat);
        layer.pass(nullptr, {losses.mutable_data_ptr<float>(), nullptr, unit, {}});
        ctx->saved_data["unit"] = unit;
        ctx->saved_data["block_rows"] = block_rows;
        // A trained output layer needs the factors before its gradient can be summed: that one is computed again.
        ctx->saved_data["trains_weight"] = trains_weight;
        ctx->saved_data["needs_hidden"] = hidden_in.requires_grad();
        if (trains_weight) ctx->save_for_backward({hidden_in, weight_in, labels_in});
        return losses.neg_();
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        at::Tensor factors = gradients[0].to(at::kFloat).neg().contiguous();
        Span span(CT_GROUP_OUTPUT, "linear_log_probs gradient");
        variable_list result(5);
        if (!ctx->saved_data["trains_weight"].toBool()) {
            at::Tensor unit = ctx->saved_data["unit"].isTensor() ? ctx->saved_data["unit"].toTensor() : at::Tensor();
            if (unit.defined()) result[0] = unit.mul(as(factors, unit.scalar_type()).unsqueeze(1));
            return result;
        }
        auto saved = ctx->get_saved_variables();
        OutputLayer layer{saved[0].detach().contiguous(), saved[1].detach(), saved[2].contiguous(), ctx->saved_data["block_rows"].toInt()};
        if (ctx->saved_data["needs_hidden"].toBool()) result[0] = at::empty_like(layer.hidden);
        LeafGradient dweight = leaf_gradient(saved[1]);
        if (!dweight.buffer.defined()) {
            dweight = {at::empty(saved[1].sizes(), saved[1].options().requires_grad(false)), true};
            result[1] = dweight.buffer;
        }
        layer.pass(factors.const_data_ptr<float>(), {nullptr, nullptr, result[0], dweight});
        return result;
    }
};
}  // namespace

extern "C" ct_optional ct_linear_log_probs(ct_optional hidden, ct_optional weight, ct_optional labels, int64_t block_rows) {
    if (!hidden || !weight || !labels) return nullptr;
    return guarded_tensor("linear_log_probs", [&] {
        if (composes(borrow(hidden))) return composed::linear_log_probs(borrow(hidden), borrow(weight), borrow(labels), block_rows);
        return LinearLogProbs::apply(borrow(hidden), borrow(weight), borrow(labels), block_rows, at::GradMode::is_enabled());
    });
}
