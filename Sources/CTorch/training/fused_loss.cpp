// Cross-entropy through the output layer: all gradients are made in the forward pass, while the logits are there.
#include "composed/composed.hpp"
#include "training/output_layer.hpp"
#include "device/profile.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor hidden_in, at::Tensor weight_in, at::Tensor labels_in, at::Tensor weights_in, int64_t block_rows,
                              bool records) {
        OutputLayer layer{hidden_in.contiguous(), weight_in.detach(), labels_in.contiguous(), block_rows};
        at::Tensor weights = weights_in.to(at::kFloat).contiguous();
        int64_t rows = layer.hidden.size(0);
        Span span(CT_GROUP_OUTPUT, "linear_cross_entropy");
        layer.check("linear_cross_entropy");
        TORCH_CHECK(weights.numel() == rows, "linear_cross_entropy: ", rows, " rows, weights ", weights.sizes());
        const float *row_weight = weights.const_data_ptr<float>();
        std::vector<float> losses(rows);
        std::vector<char> hits(rows);
        OutputLayer::Results results{losses.data(), hits.data()};
        bool trains_weight = records && weight_in.requires_grad();
        if (records && hidden_in.requires_grad()) results.dhidden = at::empty_like(layer.hidden);
        // A leaf's gradient is complete already when the backward pass begins, as long as nothing scales the loss.
        if (trains_weight) results.dweight = leaf_gradient(weight_in);
        bool adds_to_leaf = results.dweight.buffer.defined();
        if (trains_weight && !adds_to_leaf) results.dweight = {at::empty(weight_in.sizes(), weight_in.options().requires_grad(false)), true};
        layer.pass(row_weight, results);
        // In order and in double: the sum does not depend on threads or blocks.
        double loss = 0, correct = 0;
        for (int64_t i = 0; i < rows; i++) {
            loss += static_cast<double>(losses[i]) * row_weight[i];
            correct += hits[i];
        }
        ctx->saved_data["hidden"] = results.dhidden;
        ctx->saved_data["weight"] = adds_to_leaf ? at::Tensor() : results.dweight.buffer;
        ctx->saved_data["adds_to_leaf"] = adds_to_leaf;
        ctx->saved_data["block_rows"] = block_rows;
        if (adds_to_leaf) ctx->save_for_backward({layer.hidden.detach(), weight_in, layer.labels, weights});
        at::Tensor result = at::empty({2}, at::kFloat);
        result.mutable_data_ptr<float>()[0] = static_cast<float>(loss);
        result.mutable_data_ptr<float>()[1] = static_cast<float>(correct);
        return result;
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        float factor = gradients[0].contiguous().const_data_ptr<float>()[0];
        Span span(CT_GROUP_OUTPUT, "linear_cross_entropy gradient");
        if (ctx->saved_data["adds_to_leaf"].toBool() && factor != 1) {
            // The leaf has the gradient of the loss itself: what is missing to the factor is made now.
            auto saved = ctx->get_saved_variables();
            at::Tensor scales = saved[3] * (factor - 1);
            OutputLayer layer{saved[0], saved[1].detach(), saved[2], ctx->saved_data["block_rows"].toInt()};
            layer.pass(scales.const_data_ptr<float>(), {nullptr, nullptr, at::Tensor(), leaf_gradient(saved[1])});
        }
        auto scaled = [&](const char *name) {
            at::Tensor gradient = ctx->saved_data[name].isTensor() ? ctx->saved_data[name].toTensor() : at::Tensor();
            return gradient.defined() && factor != 1 ? gradient.mul(factor) : gradient;
        };
        return {scaled("hidden"), scaled("weight"), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};
}  // namespace

extern "C" ct_optional ct_linear_cross_entropy(ct_optional hidden, ct_optional weight, ct_optional labels, ct_optional weights, int64_t block_rows) {
    if (!hidden || !weight || !labels || !weights) return nullptr;
    return guarded_tensor("linear_cross_entropy", [&] {
        if (composes(borrow(hidden))) return composed::linear_cross_entropy(borrow(hidden), borrow(weight), borrow(labels), borrow(weights), block_rows);
        return LinearCrossEntropy::apply(borrow(hidden), borrow(weight), borrow(labels), borrow(weights), block_rows, at::GradMode::is_enabled());
    });
}
