// What one call of an attention kernel works on: one segment of a packed batch and query heads that share one key head.
#pragma once
#include <algorithm>
#include <cstdint>

namespace ctorch {

/// Rows of consecutive heads of a segment: element j of row i of head h lies at base[i * row + h * head + j].
template <typename T>
struct HeadRows {
    T *base;
    int64_t row, head;
    T *at(int64_t i, int64_t h = 0) const { return base + i * row + h * head; }
};

template <typename T>
struct SegmentRows {
    int64_t length, dim;
    int64_t heads;  // of the queries
    bool causal;
    float scale;
    HeadRows<const T> q, k, v;  // k and v have one head
    HeadRows<T> out;            // written forward, read backward
    HeadRows<float> lse;        // [heads, length]: likewise
    /// Keys that queries before `end` see.
    int64_t visible(int64_t end) const { return causal ? std::min(end, length) : length; }
};

/// What the backward pass writes. Keys whose query heads are shared out to several calls get sums in fp32, [length, dim] one row
/// after another, in place of dk and dv.
template <typename T>
struct SegmentGradients {
    HeadRows<const T> dout;
    HeadRows<T> dq, dk, dv;
    float *sums_k, *sums_v;
};

}  // namespace ctorch
