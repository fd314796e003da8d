// The output layer of CUDA tensors with cross-entropy or log-probabilities, in blocks of rows. The gradients are made in the
// forward pass, while the logits are there, as our CPU kernels do. Nothing waits for the device: a label outside the
// vocabulary gives a loss that is not a number, which the trainer refuses.
#include "composed.hpp"

#include "cuda/fused.hpp"
#include "tensor/products.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <limits>

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace ctorch::composed {

namespace {
/// Rows of a block: a GPU wants larger ones, of up to half a gigabyte in fp32.
int64_t rows_of_block(const at::Tensor &hidden, int64_t vocabulary, int64_t wanted) {
    return hidden.is_cuda() ? std::max<int64_t>(wanted, (int64_t(1) << 29) / (4 * vocabulary)) : wanted;
}

/// What one pass over all rows makes; undefined tensors are not made.
struct Pass {
    at::Tensor losses;   // fp32 [N]
    at::Tensor hits;     // fp32 [N], 1 where the label has the largest logit
    at::Tensor dhidden;  // gradients of sum(weights * cross-entropy)
    at::Tensor dweight;
};

/// Losses and, where it is defined, hits of rows of logits [n, V]. With `weights` the logits become (softmax - one hot) * weight.
void score(const at::Tensor &logits, const at::Tensor &labels, const at::Tensor &weights, const at::Tensor &losses, const at::Tensor &hits) {
    if (cuda::cross_entropy(logits, labels, weights, losses, hits)) return;
    at::Tensor label = labels.unsqueeze(1), scores = as(logits, at::kFloat);
    if (hits.defined()) hits.copy_(scores.gather(1, label).ge(scores.amax(1, true)).squeeze(1));
    at::Tensor values = at::_log_softmax(scores, 1, false);
    scores.reset();
    losses.copy_(values.gather(1, label).squeeze(1)).neg_();
    if (!weights.defined()) return;
    at::Tensor factor = weights.unsqueeze(1);
    logits.copy_(values.exp_().mul_(factor).scatter_add_(1, label, factor.neg()));
}

Pass pass(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &labels_in, const at::Tensor &weights, int64_t wanted_rows, bool needs_hidden,
          std::optional<at::ScalarType> weight_gradient, bool counts_hits) {
    int64_t rows = hidden.size(0), vocabulary = weight.size(0), block_rows = rows_of_block(hidden, vocabulary, wanted_rows);
    bool makes_gradient = needs_hidden || weight_gradient;
    TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1) && labels_in.numel() == rows, "output layer: hidden ", hidden.sizes(),
                ", weight ", weight.sizes(), ", labels ", labels_in.sizes());
    at::Tensor labels = labels_in.clamp(0, vocabulary - 1), outside = labels.ne(labels_in);
    Pass result;
    auto wide = hidden.options().dtype(at::kFloat);
    result.losses = at::empty({rows}, wide);
    if (counts_hits) result.hits = at::empty({rows}, wide);
    if (needs_hidden) result.dhidden = at::empty_like(hidden);
    for (int64_t first = 0; first < rows; first += block_rows) {
        int64_t count = std::min(block_rows, rows - first);
        at::Tensor x = hidden.narrow(0, first, count);
        at::Tensor logits = sum_of_products({{x, weight, true}});
        score(logits, labels.narrow(0, first, count), makes_gradient ? weights.narrow(0, first, count) : at::Tensor(), result.losses.narrow(0, first, count),
              counts_hits ? result.hits.narrow(0, first, count) : at::Tensor());
        if (!makes_gradient) continue;
        if (needs_hidden) {
            at::Tensor out = result.dhidden.narrow(0, first, count);
            sum_of_products_out(out, {{logits, weight}});
        }
        if (weight_gradient) {
            at::Tensor product = transposed_product(logits, x, 1, *weight_gradient);
            result.dweight = result.dweight.defined() ? result.dweight.add_(product) : product;
        }
    }
    result.losses.masked_fill_(outside, std::numeric_limits<double>::quiet_NaN());
    return result;
}

at::Tensor saved_tensor(AutogradContext *ctx, const char *name) {
    return ctx->saved_data[name].isTensor() ? ctx->saved_data[name].toTensor() : at::Tensor();
}

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor hidden_in, at::Tensor weight_in, at::Tensor labels, at::Tensor weights_in, int64_t block_rows) {
        at::Tensor hidden = hidden_in.contiguous(), weight = as(weight_in.detach(), hidden.scalar_type()), weights = weights_in.to(at::kFloat);
        TORCH_CHECK(weights.numel() == hidden.size(0), "cross-entropy: hidden ", hidden.sizes(), ", weights ", weights.sizes());
        auto trained = weight_in.requires_grad() ? std::optional(weight_in.scalar_type()) : std::nullopt;
        Pass made = pass(hidden, weight, labels, weights, block_rows, hidden_in.requires_grad(), trained, true);
        ctx->saved_data["hidden"] = made.dhidden;
        ctx->saved_data["weight"] = made.dweight;
        at::Tensor loss = as(at::dot(made.losses.to(at::kDouble), weights.to(at::kDouble)), at::kFloat);
        return at::stack({loss, made.hits.sum()});
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        at::Tensor factor = gradients[0].select(0, 0);
        auto scaled = [&](const char *name) {
            at::Tensor gradient = saved_tensor(ctx, name);
            return gradient.defined() ? gradient.mul(factor) : gradient;
        };
        return {scaled("hidden"), scaled("weight"), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

struct LogProbs : torch::autograd::Function<LogProbs> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor hidden_in, at::Tensor weight_in, at::Tensor labels, int64_t block_rows) {
        at::Tensor hidden = hidden_in.contiguous(), weight = as(weight_in.detach(), hidden.scalar_type());
        // A trained output layer needs the factors before its gradient can be summed: that one is computed again.
        bool trains_weight = weight_in.requires_grad(), makes_gradient = hidden_in.requires_grad() && !trains_weight;
        at::Tensor ones = at::ones({hidden.size(0)}, hidden.options().dtype(at::kFloat));
        Pass made = pass(hidden, weight, labels, ones, block_rows, makes_gradient, std::nullopt, false);
        ctx->saved_data["unit"] = made.dhidden;
        ctx->saved_data["block_rows"] = block_rows;
        ctx->saved_data["trains_weight"] = trains_weight;
        ctx->saved_data["needs_hidden"] = hidden_in.requires_grad();
        if (trains_weight) ctx->save_for_backward({hidden_in, weight_in, labels});
        return made.losses.neg_();
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        at::Tensor factors = gradients[0].to(at::kFloat).neg();
        if (!ctx->saved_data["trains_weight"].toBool()) {
            at::Tensor unit = saved_tensor(ctx, "unit");
            if (!unit.defined()) return {at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
            return {unit.mul(as(factors, unit.scalar_type()).unsqueeze(1)), at::Tensor(), at::Tensor(), at::Tensor()};
        }
        auto saved = ctx->get_saved_variables();
        at::Tensor hidden = saved[0].detach().contiguous(), weight = as(saved[1].detach(), hidden.scalar_type());
        Pass made = pass(hidden, weight, saved[2], factors, ctx->saved_data["block_rows"].toInt(), ctx->saved_data["needs_hidden"].toBool(),
                         saved[1].scalar_type(), false);
        return {made.dhidden, made.dweight, at::Tensor(), at::Tensor()};
    }
};
}  // namespace

at::Tensor linear_cross_entropy(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &labels, const at::Tensor &weights, int64_t block_rows) {
    return CrossEntropy::apply(hidden, weight, labels, weights, block_rows);
}

at::Tensor linear_log_probs(const at::Tensor &hidden, const at::Tensor &weight, const at::Tensor &labels, int64_t block_rows) {
    return LogProbs::apply(hidden, weight, labels, block_rows);
}

}  // namespace ctorch::composed
