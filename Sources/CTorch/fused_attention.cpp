// Attention inside segments of one packed batch, forward and backward, blocked over query rows: scores of a block live
// in cache and are never written to memory; causal blocks skip the keys they cannot see.
#include "composed/composed.hpp"
#include "kernels/kernels.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int64_t kQueryRows = 32;  // rows of a score block
constexpr int64_t kPanel = 32;      // keys of one packed panel

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

/// One head of a [T, H, d] tensor restricted to a segment, read and written row by row as fp32.
template <typename T>
struct Head {
    T *base;
    int64_t row_stride;
    T *row(int64_t i) const { return base + i * row_stride; }
};

template <typename T>
Head<T> head_of(const at::Tensor &t, int64_t first_row, int64_t head) {
    return {const_cast<T *>(t.const_data_ptr<T>()) + first_row * t.stride(0) + head * t.stride(1), t.stride(0)};
}

/// Rows of a head as fp32 [rows, padded], the padding zero.
template <typename T>
void unpack(const Head<T> &head, int64_t rows, int64_t dim, int64_t padded, float scale, float *out) {
    for (int64_t i = 0; i < rows; i++) {
        kernels().rows<T>().to_float(head.row(i), out + i * padded, dim, scale);
        for (int64_t j = dim; j < padded; j++) out[i * padded + j] = 0;
    }
}

/// The transpose of fp32 rows [rows, padded] in panels [rows / 32][dim][32], so that a product with it reads memory in
/// order; keys beyond `rows` are zero.
void pack_panels(const float *matrix, int64_t rows, int64_t dim, int64_t padded, float *panels) {
    for (int64_t first = 0; first < rows; first += kPanel) {
        float *panel = panels + first * dim;
        int64_t count = std::min(kPanel, rows - first);
        for (int64_t d = 0; d < dim; d++) {
            for (int64_t j = 0; j < count; j++) panel[d * kPanel + j] = matrix[(first + j) * padded + d];
            for (int64_t j = count; j < kPanel; j++) panel[d * kPanel + j] = 0;
        }
    }
}

/// out[rows, keys] = a[rows, padded] * panels.
void multiply_panels(const float *a, int64_t rows, int64_t dim, int64_t padded, const float *panels, int64_t keys, float *out, int64_t out_row) {
    for (int64_t first = 0; first < keys; first += kPanel)
        kernels().gemm(rows, kPanel, dim, a, padded, 1, panels + first * dim, kPanel, out + first, out_row, false);
}

struct Buffers {
    std::vector<float> values;
    float *take(int64_t count) {
        if (static_cast<int64_t>(values.size()) < count) values.resize(count);
        return values.data();
    }
};

struct Shape {
    int64_t heads, groups, dim, padded;
    bool causal;
    float scale;
    int64_t shared() const { return heads / groups; }  // query heads that share one key head
    int64_t visible(int64_t first_row, int64_t rows, int64_t queries, int64_t keys) const {
        return causal ? std::min(keys, keys - queries + first_row + rows) : keys;
    }
};

/// Queries q of `queries` rows against `keys` rows of k and v; writes the output rows and, if asked, the log-sum-exp.
template <typename T>
void forward_head(const Shape &shape, Head<T> q, Head<T> k, Head<T> v, Head<T> out, int64_t queries, int64_t keys, float *lse,
                  Buffers &matrices, Buffers &block, bool reuse_keys) {
    int64_t padded = shape.padded, dim = shape.dim, padded_keys = round_up(keys, kPanel);
    float *values = matrices.take(keys * padded + padded_keys * dim), *panels = values + keys * padded;
    if (!reuse_keys) {
        unpack(k, keys, dim, padded, 1, values);
        pack_panels(values, keys, dim, padded, panels);
        unpack(v, keys, dim, padded, 1, values);
    }
    float *scores = block.take(kQueryRows * (padded_keys + 2 * padded)), *rows_q = scores + kQueryRows * padded_keys, *rows_out = rows_q + kQueryRows * padded;
    for (int64_t first = 0; first < queries; first += kQueryRows) {
        int64_t rows = std::min(kQueryRows, queries - first), visible = shape.visible(first, rows, queries, keys);
        unpack(Head<T>{q.row(first), q.row_stride}, rows, dim, padded, shape.scale, rows_q);
        multiply_panels(rows_q, rows, dim, padded, panels, visible, scores, padded_keys);
        float sums[kQueryRows];
        for (int64_t r = 0; r < rows; r++) {
            float *row = scores + r * padded_keys, max;
            int64_t own = shape.causal ? std::min(visible, keys - queries + first + r + 1) : visible;
            sums[r] = kernels().exp_row(row, own, &max);
            for (int64_t j = own; j < visible; j++) row[j] = 0;
            if (lse) lse[first + r] = max + std::log(sums[r]);
        }
        kernels().gemm(rows, padded, visible, scores, padded_keys, 1, values, padded, rows_out, padded, false);
        for (int64_t r = 0; r < rows; r++) kernels().rows<T>().from_float(rows_out + r * padded, out.row(first + r), dim, 1 / sums[r]);
    }
}

/// Gradients of one key head of one segment, summed over the query heads that share it.
template <typename T>
void backward_group(const Shape &shape, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &out, const at::Tensor &dout,
                    const at::Tensor &dq, const at::Tensor &dk, const at::Tensor &dv, const float *lse_all, int64_t total, int64_t start, int64_t length,
                    int64_t group, Buffers &matrices, Buffers &block) {
    int64_t padded = shape.padded, dim = shape.dim, keys = round_up(length, kPanel), size = length * padded;
    float *key = matrices.take(4 * size + 2 * keys * dim), *dkey = key + size, *dvalue = dkey + size, *value = dvalue + size;
    float *key_panels = value + size, *value_panels = key_panels + keys * dim;
    unpack(head_of<T>(k, start, group), length, dim, padded, 1, key);
    unpack(head_of<T>(v, start, group), length, dim, padded, 1, value);
    pack_panels(key, length, dim, padded, key_panels);
    pack_panels(value, length, dim, padded, value_panels);
    std::fill(dkey, dkey + 2 * size, 0.0f);
    int64_t wide = kQueryRows * keys, narrow = kQueryRows * padded;
    float *scores = block.take(3 * wide + 4 * narrow), *probabilities = scores + wide, *dprobabilities = probabilities + wide;
    float *rows_q = dprobabilities + wide, *rows_dout = rows_q + narrow, *rows_out = rows_dout + narrow, *rows_dq = rows_out + narrow;
    for (int64_t h = group * shape.shared(); h < (group + 1) * shape.shared(); h++) {
        auto hq = head_of<T>(q, start, h), ho = head_of<T>(out, start, h), hdo = head_of<T>(dout, start, h), hdq = head_of<T>(dq, start, h);
        const float *lse = lse_all + h * total + start;
        for (int64_t first = 0; first < length; first += kQueryRows) {
            int64_t rows = std::min(kQueryRows, length - first), visible = shape.visible(first, rows, length, length);
            unpack(Head<T>{hq.row(first), hq.row_stride}, rows, dim, padded, shape.scale, rows_q);
            unpack(Head<T>{hdo.row(first), hdo.row_stride}, rows, dim, padded, 1, rows_dout);
            unpack(Head<T>{ho.row(first), ho.row_stride}, rows, dim, padded, 1, rows_out);
            multiply_panels(rows_q, rows, dim, padded, key_panels, visible, scores, keys);
            multiply_panels(rows_dout, rows, dim, padded, value_panels, visible, dprobabilities, keys);
            for (int64_t r = 0; r < rows; r++) {
                float *s = scores + r * keys, *p = probabilities + r * keys;
                int64_t own = shape.causal ? std::min(visible, first + r + 1) : visible;
                float delta = kernels().dot(rows_dout + r * padded, rows_out + r * padded, dim);
                kernels().softmax_backward(s, p, dprobabilities + r * keys, own, lse[first + r], delta);
                for (int64_t j = own; j < visible; j++) s[j] = p[j] = 0;
            }
            kernels().gemm(visible, padded, rows, probabilities, 1, keys, rows_dout, padded, dvalue, padded, true);
            kernels().gemm(visible, padded, rows, scores, 1, keys, rows_q, padded, dkey, padded, true);
            kernels().gemm(rows, padded, visible, scores, keys, 1, key, padded, rows_dq, padded, false);
            for (int64_t r = 0; r < rows; r++) kernels().rows<T>().from_float(rows_dq + r * padded, hdq.row(first + r), dim, shape.scale);
        }
    }
    auto hdk = head_of<T>(dk, start, group), hdv = head_of<T>(dv, start, group);
    for (int64_t i = 0; i < length; i++) {
        kernels().rows<T>().from_float(dkey + i * padded, hdk.row(i), dim, 1);
        kernels().rows<T>().from_float(dvalue + i * padded, hdv.row(i), dim, 1);
    }
}

at::Tensor with_unit_columns(const at::Tensor &t) { return t.stride(-1) == 1 ? t : t.contiguous(); }

Shape shape_of(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, bool causal, double scale) {
    TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) && q.size(1) % k.size(1) == 0,
                "attention: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
    return {q.size(1), k.size(1), q.size(2), round_up(q.size(2), 16), causal, static_cast<float>(scale)};
}

struct SegmentAttention : torch::autograd::Function<SegmentAttention> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor q_in, at::Tensor k_in, at::Tensor v_in, at::Tensor offsets, bool causal, double scale) {
        at::Tensor q = with_unit_columns(q_in), k = with_unit_columns(k_in), v = with_unit_columns(v_in);
        Shape shape = shape_of(q, k, v, causal, scale);
        at::Tensor out = at::empty({q.size(0), q.size(1), q.size(2)}, q.options());
        at::Tensor lse = at::empty({q.size(1), q.size(0)}, at::kFloat);
        const int64_t *offset = offsets.const_data_ptr<int64_t>();
        int64_t count = offsets.numel() - 1, total = q.size(0);
        TORCH_CHECK(offset[0] == 0 && offset[count] == total, "attention: the segments cover ", offset[count], " of ", total, " rows");
        std::vector<Buffers> matrices(max_threads()), blocks(max_threads());
        dispatch(q.scalar_type(), "attention", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            parallel_items(count * shape.groups, [&](int64_t item, int thread) {
                int64_t segment = item / shape.groups, group = item % shape.groups, start = offset[segment], length = offset[segment + 1] - start;
                for (int64_t h = group * shape.shared(); h < (group + 1) * shape.shared(); h++) {
                    forward_head<T>(shape, head_of<T>(q, start, h), head_of<T>(k, start, group), head_of<T>(v, start, group), head_of<T>(out, start, h),
                                    length, length, lse.mutable_data_ptr<float>() + h * total + start, matrices[thread], blocks[thread],
                                    h != group * shape.shared());
                }
            });
        });
        ctx->save_for_backward({q, k, v, out, lse, offsets});
        ctx->saved_data["causal"] = causal;
        ctx->saved_data["scale"] = scale;
        return out;
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        at::Tensor q = saved[0], k = saved[1], v = saved[2], out = saved[3], lse = saved[4], offsets = saved[5];
        at::Tensor dout = with_unit_columns(gradients[0]);
        Shape shape = shape_of(q, k, v, ctx->saved_data["causal"].toBool(), ctx->saved_data["scale"].toDouble());
        at::Tensor dq = at::empty(q.sizes(), q.options()), dk = at::empty(k.sizes(), k.options()), dv = at::empty(v.sizes(), v.options());
        const int64_t *offset = offsets.const_data_ptr<int64_t>();
        int64_t count = offsets.numel() - 1;
        std::vector<Buffers> matrices(max_threads()), blocks(max_threads());
        dispatch(q.scalar_type(), "attention_backward", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            parallel_items(count * shape.groups, [&](int64_t item, int thread) {
                int64_t segment = item / shape.groups, start = offset[segment], length = offset[segment + 1] - start;
                backward_group<T>(shape, q, k, v, out, dout, dq, dk, dv, lse.const_data_ptr<float>(), q.size(0), start, length, item % shape.groups,
                                  matrices[thread], blocks[thread]);
            });
        });
        return {dq, dk, dv, at::Tensor(), at::Tensor(), at::Tensor()};
    }
};
}  // namespace

extern "C" {
ct_optional ct_segment_attention(ct_optional q, ct_optional k, ct_optional v, const int64_t *offsets, int32_t count, bool causal, double scale) {
    if (!q || !k || !v) return nullptr;
    return guarded_tensor("segment_attention", [&] {
        if (composes(borrow(q))) return composed::segment_attention(borrow(q), borrow(k), borrow(v), {offsets, offsets + count + 1}, causal, scale);
        at::Tensor table = at::from_blob(const_cast<int64_t *>(offsets), {count + 1}, at::kLong).clone();
        return SegmentAttention::apply(borrow(q), borrow(k), borrow(v), table, causal, scale);
    });
}
}
