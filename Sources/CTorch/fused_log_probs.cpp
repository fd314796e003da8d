// The output layer and the log-probability of one label a row, in blocks of rows. The gradient of a row's log-probability
// with respect to its hidden state does not depend on what the caller does with it but for a factor, so it is made in the
// forward pass, while the logits are there, and only scaled in the backward pass.
#include "composed/composed.hpp"
#include "kernels/kernels.hpp"

#include "include/ctorch_preference.h"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
/// One pass over all rows: `losses` [N] if given; `dhidden` [N, D] and `dweight` [V, D] get the gradients of
/// sum(scales * cross-entropy) if defined (`scales` null stands for ones).
void pass(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &labels, const float *scales, int64_t block_rows, float *losses,
          at::Tensor dhidden, at::Tensor dweight) {
    int64_t rows = hidden.size(0), vocabulary = weight.size(0);
    bool needs_gradient = dhidden.defined() || dweight.defined();
    const int64_t *label = labels.const_data_ptr<int64_t>();
    at::Tensor logits = at::empty({std::min(block_rows, rows), vocabulary}, hidden.options());
    for (int64_t first = 0; first < rows; first += block_rows) {
        int64_t count = std::min(block_rows, rows - first);
        at::Tensor x = hidden.narrow(0, first, count), block = logits.narrow(0, 0, count);
        at::mm_out(block, x, weight.t());
        dispatch(hidden.scalar_type(), "linear_log_probs", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            T *base = block.mutable_data_ptr<T>();
            parallel_for(count, 1, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    bool hit = false;
                    float scale = !needs_gradient ? 0 : scales ? scales[first + i] : 1;
                    float loss = kernels().rows<T>().cross_entropy(base + i * vocabulary, vocabulary, label[first + i], scale, &hit);
                    if (losses) losses[first + i] = loss;
                    // A row of scale zero has no gradient; the kernel left its logits.
                    if (needs_gradient && scale == 0) std::fill_n(base + i * vocabulary, vocabulary, T(0));
                }
            });
        });
        if (dhidden.defined()) {
            at::Tensor out = dhidden.narrow(0, first, count);
            at::mm_out(out, block, weight);
        }
        if (dweight.defined()) dweight.add_(at::mm(block.t(), x));
    }
}

struct LinearLogProbs : torch::autograd::Function<LinearLogProbs> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor hidden_in, at::Tensor weight_in, at::Tensor labels_in, int64_t block_rows) {
        at::Tensor hidden = hidden_in.contiguous(), weight = as(weight_in.detach(), hidden.scalar_type()), labels = labels_in.contiguous();
        int64_t rows = hidden.size(0);
        TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1) && labels.numel() == rows,
                    "linear_log_probs: hidden ", hidden.sizes(), ", weight ", weight.sizes(), ", labels ", labels.sizes());
        for (int64_t i = 0; i < rows; i++) {
            int64_t label = labels.const_data_ptr<int64_t>()[i];
            TORCH_CHECK(label >= 0 && label < weight.size(0), "linear_log_probs: label ", label, " is outside the vocabulary of ", weight.size(0));
        }
        bool trains_weight = weight_in.requires_grad(), makes_gradient = hidden_in.requires_grad() && !trains_weight;
        at::Tensor unit = makes_gradient ? at::empty_like(hidden) : at::Tensor(), losses = at::empty({rows}, at::kFloat);
        pass(hidden, weight, labels, nullptr, block_rows, losses.mutable_data_ptr<float>(), unit, at::Tensor());
        ctx->saved_data["unit"] = unit;
        ctx->saved_data["block_rows"] = block_rows;
        // A trained output layer needs the factors before its gradient can be summed: that one is computed again.
        ctx->saved_data["trains_weight"] = trains_weight;
        ctx->saved_data["needs_hidden"] = hidden_in.requires_grad();
        if (trains_weight) ctx->save_for_backward({hidden_in, weight_in, labels});
        return losses.neg_();
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        at::Tensor factors = gradients[0].to(at::kFloat).neg().contiguous();
        if (!ctx->saved_data["trains_weight"].toBool()) {
            at::Tensor unit = ctx->saved_data["unit"].isTensor() ? ctx->saved_data["unit"].toTensor() : at::Tensor();
            if (!unit.defined()) return {at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
            return {unit.mul(as(factors, unit.scalar_type()).unsqueeze(1)), at::Tensor(), at::Tensor(), at::Tensor()};
        }
        auto saved = ctx->get_saved_variables();
        at::Tensor hidden = saved[0].detach().contiguous(), weight = as(saved[1].detach(), hidden.scalar_type());
        at::Tensor dhidden = ctx->saved_data["needs_hidden"].toBool() ? at::empty_like(hidden) : at::Tensor();
        at::Tensor dweight = at::zeros(saved[1].sizes(), saved[1].options().requires_grad(false));
        pass(hidden, weight, saved[2], factors.const_data_ptr<float>(), ctx->saved_data["block_rows"].toInt(), nullptr, dhidden, dweight);
        return {dhidden, dweight, at::Tensor(), at::Tensor()};
    }
};
}  // namespace

extern "C" ct_optional ct_linear_log_probs(ct_optional hidden, ct_optional weight, ct_optional labels, int64_t block_rows) {
    if (!hidden || !weight || !labels) return nullptr;
    return guarded_tensor("linear_log_probs", [&] {
        if (composes(borrow(hidden))) return composed::linear_log_probs(borrow(hidden), borrow(weight), borrow(labels), block_rows);
        return LinearLogProbs::apply(borrow(hidden), borrow(weight), borrow(labels), block_rows);
    });
}
