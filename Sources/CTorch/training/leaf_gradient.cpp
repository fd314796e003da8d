// Gradients that exist before the first backward pass.
#include "training/leaf_gradient.hpp"

#include "ctorch_training.h"

using namespace ctorch;

extern "C" void ct_make_grad(ct_optional t) {
    if (!t) return;
    guarded<int>("make_grad", 0, [&] {
        at::Tensor &gradient = borrow(t).mutable_grad();
        if (!gradient.defined()) gradient = at::zeros(borrow(t).sizes(), borrow(t).options().requires_grad(false));
        return 0;
    });
}
