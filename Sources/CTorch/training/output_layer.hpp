// The output layer with its cross-entropy, shared by the losses over it.
#pragma once
#include "training/leaf_gradient.hpp"

namespace ctorch {

/// Cross-entropy of hidden [N, D] through weight [V, D] against labels (int64 [N]) and its gradients. In bf16 the logits of a
/// frozen weight are never in memory; otherwise those of `block_rows` rows are, and are turned into their gradient in place.
struct OutputLayer {
    at::Tensor hidden, weight, labels;
    int64_t block_rows;

    /// Refuses shapes that do not belong together and labels outside the vocabulary.
    void check(const char *op) const;

    /// What a pass writes; all may be absent.
    struct Results {
        float *losses = nullptr;   // [N]
        char *hits = nullptr;      // [N], whether the label has the largest logit
        at::Tensor dhidden;        // [N, D]
        LeafGradient dweight;      // [V, D], added to
    };

    /// One pass over all rows; gradients are those of the sum of scales[i] * loss[i] (`scales` null stands for ones).
    void pass(const float *scales, Results results) const;

private:
    bool fits_vocabulary_kernel() const;
    void pass_in_blocks(const float *scales, Results results) const;
};

}  // namespace ctorch
