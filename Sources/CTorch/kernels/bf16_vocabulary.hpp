// Cross-entropy through a frozen output layer in bf16, for machines with AVX512-BF16.
#pragma once
#include <cstdint>

namespace ctorch {

/// Rows of hidden states, the table of the vocabulary they are compared with, and what is made of them.
struct VocabularyRows {
    const uint16_t *hidden;  // [rows, size], whole rows one after another; size is even
    const void *weight;      // [vocabulary, size] likewise, bf16, or fp32 that is rounded as it is read
    bool is_weight_wide;
    int64_t rows, size, vocabulary;
    const int64_t *labels;   // [rows], inside the vocabulary
    const float *scales;     // [rows]; null stands for ones
    float *losses;           // [rows]; may be null
    char *hits;              // [rows], whether the label has the largest logit; may be null
    uint16_t *gradient;      // [rows, size] of the sum of scale * loss with respect to `hidden`; may be null
};

/// Losses and gradient in one pass over the vocabulary, as attention to it: a block of logits lives in cache, in fp32, and is
/// never written to memory. The result does not depend on the number of threads. Only where `has_bf16_products`.
void bf16_cross_entropy(const VocabularyRows &rows);

}  // namespace ctorch
