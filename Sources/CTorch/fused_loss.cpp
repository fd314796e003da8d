// The output layer and its cross-entropy in blocks of rows: the logits of a block are turned into their gradient in
// place, so memory holds one block and the backward pass has nothing left to compute.
#include "composed/composed.hpp"
#include "kernels/kernels.hpp"
#include "products.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor hidden_in, at::Tensor weight_in, at::Tensor labels_in, at::Tensor weights_in, int64_t block_rows) {
        at::Tensor hidden = hidden_in.contiguous(), weight = as(weight_in.detach(), hidden.scalar_type());
        at::Tensor labels = labels_in.contiguous(), weights = weights_in.to(at::kFloat).contiguous();
        int64_t rows = hidden.size(0), vocabulary = weight.size(0);
        TORCH_CHECK(hidden.dim() == 2 && hidden.size(1) == weight.size(1) && labels.numel() == rows && weights.numel() == rows,
                    "linear_cross_entropy: hidden ", hidden.sizes(), ", weight ", weight.sizes(), ", labels ", labels.sizes(), ", weights ", weights.sizes());
        bool needs_hidden = hidden_in.requires_grad(), needs_weight = weight_in.requires_grad();
        bool needs_gradient = needs_hidden || needs_weight;
        at::Tensor dhidden = needs_hidden ? at::empty_like(hidden) : at::Tensor();
        at::Tensor dweight;
        const int64_t *label = labels.const_data_ptr<int64_t>();
        const float *row_weight = weights.const_data_ptr<float>();
        for (int64_t i = 0; i < rows; i++)
            TORCH_CHECK(label[i] >= 0 && label[i] < vocabulary, "linear_cross_entropy: label ", label[i], " is outside the vocabulary of ", vocabulary);
        std::vector<float> losses(rows);
        std::vector<char> hits(rows);
        at::Tensor logits = at::empty({std::min(block_rows, rows), vocabulary}, hidden.options());
        for (int64_t first = 0; first < rows; first += block_rows) {
            int64_t count = std::min(block_rows, rows - first);
            at::Tensor x = hidden.narrow(0, first, count), block = logits.narrow(0, 0, count);
            sum_of_products_out(block, {{x, weight, true}});
            dispatch(hidden.scalar_type(), "linear_cross_entropy", [&](auto *type) {
                using T = std::remove_pointer_t<decltype(type)>;
                T *base = block.mutable_data_ptr<T>();
                parallel_for(count, 1, [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; i++) {
                        bool hit = false;
                        float scale = needs_gradient ? row_weight[first + i] : 0;
                        losses[first + i] = kernels().rows<T>().cross_entropy(base + i * vocabulary, vocabulary, label[first + i], scale, &hit);
                        hits[first + i] = hit;
                        // A row of weight zero has no gradient; the kernel left its logits.
                        if (needs_gradient && scale == 0) std::fill_n(base + i * vocabulary, vocabulary, T(0));
                    }
                });
            });
            if (needs_hidden) {
                at::Tensor out = dhidden.narrow(0, first, count);
                sum_of_products_out(out, {{block, weight}});
            }
            if (needs_weight) {
                at::Tensor product = transposed_product(block, x, 1, weight_in.scalar_type());
                dweight = dweight.defined() ? dweight.add_(product) : product;
            }
        }
        // In order and in double: the sum does not depend on threads or blocks.
        double loss = 0, correct = 0;
        for (int64_t i = 0; i < rows; i++) {
            loss += static_cast<double>(losses[i]) * row_weight[i];
            correct += hits[i];
        }
        ctx->saved_data["hidden"] = dhidden;
        ctx->saved_data["weight"] = dweight;
        at::Tensor result = at::empty({2}, at::kFloat);
        result.mutable_data_ptr<float>()[0] = static_cast<float>(loss);
        result.mutable_data_ptr<float>()[1] = static_cast<float>(correct);
        return result;
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        float factor = gradients[0].contiguous().const_data_ptr<float>()[0];
        auto scaled = [&](const char *name) {
            at::Tensor gradient = ctx->saved_data[name].isTensor() ? ctx->saved_data[name].toTensor() : at::Tensor();
            return gradient.defined() && factor != 1 ? gradient.mul(factor) : gradient;
        };
        return {scaled("hidden"), scaled("weight"), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};
}  // namespace

extern "C" ct_optional ct_linear_cross_entropy(ct_optional hidden, ct_optional weight, ct_optional labels, ct_optional weights, int64_t block_rows) {
    if (!hidden || !weight || !labels || !weights) return nullptr;
    return guarded_tensor("linear_cross_entropy", [&] {
        if (composes(borrow(hidden))) return composed::linear_cross_entropy(borrow(hidden), borrow(weight), borrow(labels), borrow(weights), block_rows);
        return LinearCrossEntropy::apply(borrow(hidden), borrow(weight), borrow(labels), borrow(weights), block_rows);
    });
}
