// Rows of a table; the gradient of a trained table is added row by row to what it has, never made as a table of its own.
#include "training/leaf_gradient.hpp"
#include "device/profile.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
struct Embedding : torch::autograd::Function<Embedding> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor weight, at::Tensor ids) {
        ctx->save_for_backward({weight, ids});
        return at::embedding(weight, ids);
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        at::Tensor dy = as(gradients[0], saved[0].scalar_type());
        LeafGradient gradient = leaf_gradient(saved[0]);
        if (!gradient.buffer.defined()) return {at::embedding_dense_backward(dy, saved[1], saved[0].size(0), -1, false), at::Tensor()};
        Span span(CT_GROUP_COPIES, "embedding gradient");
        if (gradient.is_new) gradient.buffer.zero_();
        gradient.buffer.index_add_(0, saved[1].reshape(-1), dy.reshape({-1, dy.size(-1)}));
        return {at::Tensor(), at::Tensor()};
    }
};
}  // namespace

extern "C" ct_optional ct_embedding(ct_optional weight, ct_optional ids) {
    if (!weight || !ids) return nullptr;
    return guarded_tensor("embedding", [&] {
        at::Tensor table = borrow(weight), rows = borrow(ids);
        return table.requires_grad() && at::GradMode::is_enabled() ? Embedding::apply(table, rows) : at::embedding(table, rows);
    });
}
