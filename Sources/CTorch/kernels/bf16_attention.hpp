// Attention inside one segment of bf16 rows, for machines with AVX512-BF16 (`has_bf16_products`).
#pragma once
#include "kernels/attention_rows.hpp"

namespace ctorch {

/// Rows `first` ..< `end` of the queries; the dim is even. Every product is one of bf16 numbers with fp32 sums; probabilities
/// and, backward, the gradients of scores are rounded to bf16 in between.
void bf16_attention(const SegmentRows<uint16_t> &segment, int64_t first, int64_t end);

void bf16_attention_backward(const SegmentRows<uint16_t> &segment, const SegmentGradients<uint16_t> &gradients);

}  // namespace ctorch
