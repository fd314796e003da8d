// Attention inside one segment in fp32, whatever the rows are stored in.
#pragma once
#include "kernels/attention_rows.hpp"

namespace ctorch {

/// Rows `first` ..< `end` of the queries. For float and c10::BFloat16.
template <typename T>
void attention_rows(const SegmentRows<T> &segment, int64_t first, int64_t end);

template <typename T>
void attention_rows_backward(const SegmentRows<T> &segment, const SegmentGradients<T> &gradients);

}  // namespace ctorch
