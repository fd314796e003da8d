// The gradient of a trained weight as a place that kernels add to: no gradient of one product ever lies beside it.
#pragma once
#include "internal.hpp"

namespace ctorch {

/// A buffer in the shape of a weight, and whether its contents still have to be set.
struct LeafGradient {
    at::Tensor buffer;
    bool is_new = false;
};

/// The gradient buffer of the leaf `weight`, made when it has none; undefined for a tensor that is computed from others.
inline LeafGradient leaf_gradient(const at::Tensor &weight) {
    if (!weight.requires_grad() || !weight.is_leaf()) return {};
    at::Tensor &gradient = weight.mutable_grad();
    bool is_new = !gradient.defined();
    if (is_new) gradient = at::empty(weight.sizes(), weight.options().requires_grad(false));
    return {gradient, is_new};
}

}  // namespace ctorch
