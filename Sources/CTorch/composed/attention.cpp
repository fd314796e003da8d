// Attention of CUDA tensors inside the segments of a packed batch. LibTorch's flash attention reads packed segments as they
// are; other dtypes go segment by segment (equal neighbours together) through scaled_dot_product_attention.
#include "composed.hpp"

namespace ctorch::composed {

namespace {
at::Tensor flash(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &offsets, bool causal, double scale) {
    int64_t longest = 0;
    for (size_t i = 0; i + 1 < offsets.size(); i++) longest = std::max(longest, offsets[i + 1] - offsets[i]);
    at::Tensor table = device_table(offsets, q.device());
    return std::get<0>(at::_flash_attention_forward(q, k, v, table, table, longest, longest, 0.0, causal, false, scale));
}

/// `count` segments of `length` rows from `first` on as [count, heads, length, dim].
at::Tensor segments(const at::Tensor &t, int64_t first, int64_t count, int64_t length) {
    return t.narrow(0, first, count * length).reshape({count, length, t.size(1), t.size(2)}).transpose(1, 2);
}
}  // namespace

at::Tensor segment_attention(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const std::vector<int64_t> &offsets, bool causal, double scale) {
    TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) && q.size(0) == k.size(0) && q.size(1) % k.size(1) == 0,
                "attention: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
    TORCH_CHECK(offsets.front() == 0 && offsets.back() == q.size(0), "attention: the segments cover ", offsets.back(), " of ", q.size(0), " rows");
    if (takes_flash(q)) return flash(q, k, v, offsets, causal, scale);
    std::vector<at::Tensor> parts;
    for (size_t i = 0; i + 1 < offsets.size();) {
        int64_t length = offsets[i + 1] - offsets[i];
        size_t end = i + 1;
        while (end + 1 < offsets.size() && offsets[end + 1] - offsets[end] == length) end++;
        int64_t count = static_cast<int64_t>(end - i);
        if (length > 0) {
            at::Tensor out = at::scaled_dot_product_attention(segments(q, offsets[i], count, length), segments(k, offsets[i], count, length),
                                                              segments(v, offsets[i], count, length), {}, 0.0, causal, scale, q.size(1) != k.size(1));
            parts.push_back(out.transpose(1, 2).reshape({count * length, q.size(1), q.size(2)}));
        }
        i = end;
    }
    return parts.empty() ? q.clone() : parts.size() == 1 ? parts[0] : at::cat(parts);
}

}  // namespace ctorch::composed
