// Attention inside segments of one packed batch, forward and backward, blocked over queries and keys: scores of a block live
// in cache and are never written to memory, whatever the length; causal blocks skip the keys they cannot see.
#include "composed/composed.hpp"
#include "kernels/kernels.hpp"
#include "device/profile.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int64_t kQueryRows = 32;  // rows of a score block
constexpr int64_t kPanel = 32;      // keys of one packed panel
constexpr int64_t kKeys = 256;      // keys of a score block: with its keys and values it fits the second cache
constexpr int64_t kPiece = 1024;    // query rows that repay another thread's reading of the keys

constexpr float kLowest = -3.0e38f;

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

/// Rows `first` ..< `end` of a segment's queries, all heads that share key head `group`, against the keys they see. The
/// largest score, the sum and the mix of a row are corrected from one block of keys to the next.
template <typename T>
void forward_group(const Shape &shape, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &out, float *lse_all, int64_t total,
                   int64_t start, int64_t length, int64_t group, int64_t first_query, int64_t end, Buffers &matrices, Buffers &block) {
    int64_t padded = shape.padded, dim = shape.dim, shared = shape.shared(), keys = shape.causal ? end : length;
    float *values = matrices.take(keys * padded + round_up(keys, kPanel) * dim), *panels = values + keys * padded;
    unpack(head_of<T>(k, start, group), keys, dim, padded, 1, values);
    pack_panels(values, keys, dim, padded, panels);
    unpack(head_of<T>(v, start, group), keys, dim, padded, 1, values);
    int64_t narrow = kQueryRows * padded;
    float *scores = block.take(kQueryRows * kKeys + shared * (2 * narrow + 2 * kQueryRows)), *rows_q = scores + kQueryRows * kKeys;
    float *rows_out = rows_q + shared * narrow, *maxima = rows_out + shared * narrow, *sums = maxima + shared * kQueryRows;
    for (int64_t first = first_query; first < end; first += kQueryRows) {
        int64_t rows = std::min(kQueryRows, end - first), visible = shape.visible(first, rows, length, length);
        for (int64_t h = 0; h < shared; h++) {
            auto head = head_of<T>(q, start, group * shared + h);
            unpack(Head<T>{head.row(first), head.row_stride}, rows, dim, padded, shape.scale, rows_q + h * narrow);
        }
        std::fill_n(maxima, shared * kQueryRows, kLowest);
        std::fill_n(sums, shared * kQueryRows, 0.0f);
        for (int64_t base = 0; base < visible; base += kKeys) {
            int64_t count = std::min(kKeys, visible - base);
            for (int64_t h = 0; h < shared; h++) {
                float *mix = rows_out + h * narrow;
                multiply_panels(rows_q + h * narrow, rows, dim, padded, panels + base * dim, count, scores, kKeys);
                for (int64_t r = 0; r < rows; r++) {
                    float *row = scores + r * kKeys, &max = maxima[h * kQueryRows + r], &sum = sums[h * kQueryRows + r], before = max;
                    int64_t own = shape.causal ? std::clamp<int64_t>(first + r + 1 - base, 0, count) : count;
                    if (own > 0) {
                        float added = kernels().exp_row(row, own, &max);
                        float factor = base > 0 && max > before ? std::exp(before - max) : 1;
                        sum = sum * factor + added;
                        if (factor != 1)
                            for (int64_t d = 0; d < padded; d++) mix[r * padded + d] *= factor;
                    }
                    for (int64_t j = own; j < count; j++) row[j] = 0;
                }
                kernels().gemm(rows, padded, count, scores, kKeys, 1, values + base * padded, padded, mix, padded, base > 0);
            }
        }
        for (int64_t h = 0; h < shared; h++) {
            auto head = head_of<T>(out, start, group * shared + h);
            float *lse = lse_all + (group * shared + h) * total + start;
            for (int64_t r = 0; r < rows; r++) {
                float sum = sums[h * kQueryRows + r];
                lse[first + r] = maxima[h * kQueryRows + r] + std::log(sum);
                kernels().rows<T>().from_float(rows_out + h * narrow + r * padded, head.row(first + r), dim, 1 / sum);
            }
        }
    }
}

/// Gradients of one key head of one segment, summed over the query heads that share it: a block of keys with its sums stays
/// in cache while all queries that see it pass; only the queries' sums, in fp32, are as long as the segment.
template <typename T>
void backward_group(const Shape &shape, const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &out, const at::Tensor &dout,
                    const at::Tensor &dq, const at::Tensor &dk, const at::Tensor &dv, const float *lse_all, int64_t total, int64_t start, int64_t length,
                    int64_t group, Buffers &matrices, Buffers &block) {
    int64_t padded = shape.padded, dim = shape.dim, shared = shape.shared(), size = kKeys * padded, narrow = kQueryRows * padded, wide = kQueryRows * kKeys;
    float *dqueries = matrices.take(shared * length * (padded + 1)), *deltas = dqueries + shared * length * padded;
    float *key = block.take(4 * size + 2 * kKeys * dim + 3 * wide + 2 * narrow), *value = key + size, *dkey = value + size, *dvalue = dkey + size;
    float *key_panels = dvalue + size, *value_panels = key_panels + kKeys * dim, *scores = value_panels + kKeys * dim;
    float *probabilities = scores + wide, *dprobabilities = probabilities + wide, *rows_q = dprobabilities + wide, *rows_dout = rows_q + narrow;
    std::fill_n(dqueries, shared * length * padded, 0.0f);
    for (int64_t h = 0; h < shared; h++) {
        auto ho = head_of<T>(out, start, group * shared + h), hdo = head_of<T>(dout, start, group * shared + h);
        for (int64_t i = 0; i < length; i++) {
            kernels().rows<T>().to_float(ho.row(i), rows_q, dim, 1);
            kernels().rows<T>().to_float(hdo.row(i), rows_dout, dim, 1);
            deltas[h * length + i] = kernels().dot(rows_q, rows_dout, dim);
        }
    }
    auto hk = head_of<T>(k, start, group), hv = head_of<T>(v, start, group), hdk = head_of<T>(dk, start, group), hdv = head_of<T>(dv, start, group);
    for (int64_t base = 0; base < length; base += kKeys) {
        int64_t count = std::min(kKeys, length - base);
        unpack(Head<T>{hk.row(base), hk.row_stride}, count, dim, padded, 1, key);
        unpack(Head<T>{hv.row(base), hv.row_stride}, count, dim, padded, 1, value);
        pack_panels(key, count, dim, padded, key_panels);
        pack_panels(value, count, dim, padded, value_panels);
        std::fill(dkey, dkey + 2 * size, 0.0f);
        for (int64_t h = 0; h < shared; h++) {
            auto hq = head_of<T>(q, start, group * shared + h), hdo = head_of<T>(dout, start, group * shared + h);
            const float *lse = lse_all + (group * shared + h) * total + start, *delta = deltas + h * length;
            // kKeys is a multiple of kQueryRows: the first queries that see the block begin with it.
            for (int64_t first = shape.causal ? base : 0; first < length; first += kQueryRows) {
                int64_t rows = std::min(kQueryRows, length - first), visible = shape.causal ? std::min(count, first + rows - base) : count;
                unpack(Head<T>{hq.row(first), hq.row_stride}, rows, dim, padded, shape.scale, rows_q);
                unpack(Head<T>{hdo.row(first), hdo.row_stride}, rows, dim, padded, 1, rows_dout);
                multiply_panels(rows_q, rows, dim, padded, key_panels, visible, scores, kKeys);
                multiply_panels(rows_dout, rows, dim, padded, value_panels, visible, dprobabilities, kKeys);
                for (int64_t r = 0; r < rows; r++) {
                    float *s = scores + r * kKeys, *p = probabilities + r * kKeys;
                    int64_t own = shape.causal ? std::clamp<int64_t>(first + r + 1 - base, 0, visible) : visible;
                    kernels().softmax_backward(s, p, dprobabilities + r * kKeys, own, lse[first + r], delta[first + r]);
                    for (int64_t j = own; j < visible; j++) s[j] = p[j] = 0;
                }
                kernels().gemm(visible, padded, rows, probabilities, 1, kKeys, rows_dout, padded, dvalue, padded, true);
                kernels().gemm(visible, padded, rows, scores, 1, kKeys, rows_q, padded, dkey, padded, true);
                kernels().gemm(rows, padded, visible, scores, kKeys, 1, key, padded, dqueries + (h * length + first) * padded, padded, true);
            }
        }
        for (int64_t i = 0; i < count; i++) {
            kernels().rows<T>().from_float(dkey + i * padded, hdk.row(base + i), dim, 1);
            kernels().rows<T>().from_float(dvalue + i * padded, hdv.row(base + i), dim, 1);
        }
    }
    for (int64_t h = 0; h < shared; h++) {
        auto hdq = head_of<T>(dq, start, group * shared + h);
        for (int64_t i = 0; i < length; i++) kernels().rows<T>().from_float(dqueries + (h * length + i) * padded, hdq.row(i), dim, shape.scale);
    }
}

/// Work of one thread: rows of the queries of one segment and key head.
struct Piece {
    int64_t start, length, group, first, end;
};

/// All of it, the most expensive rows first; long segments are shared out when there are fewer heads than threads.
std::vector<Piece> pieces(const Shape &shape, const int64_t *offset, int64_t count) {
    std::vector<Piece> all;
    int64_t wanted = std::max<int64_t>(1, 4 * max_threads() / std::max<int64_t>(1, count * shape.groups));
    for (int64_t i = 0; i < count; i++) {
        int64_t start = offset[i], length = offset[i + 1] - start, number = std::clamp<int64_t>(length / kPiece, 1, wanted);
        int64_t size = round_up((length + number - 1) / number, kQueryRows);
        for (int64_t group = 0; group < shape.groups; group++)
            for (int64_t first = 0; first < length; first += size) all.push_back({start, length, group, first, std::min(first + size, length)});
    }
    std::stable_sort(all.begin(), all.end(), [](const Piece &a, const Piece &b) { return a.end > b.end; });
    return all;
}

at::Tensor with_unit_columns(const at::Tensor &t) { return t.stride(-1) == 1 ? t : t.contiguous(); }

Shape shape_of(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, bool causal, double scale) {
    TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) && q.size(1) % k.size(1) == 0,
                "attention: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
    return {q.size(1), k.size(1), q.size(2), round_up(q.size(2), 16), causal, static_cast<float>(scale)};
}

/// Multiplications and additions of one product of scores, all segments and heads.
double product_flops(const Shape &shape, const int64_t *offset, int64_t count) {
    double pairs = 0;
    for (int64_t i = 0; i < count; i++) {
        auto length = static_cast<double>(offset[i + 1] - offset[i]);
        pairs += shape.causal ? length * (length + 1) / 2 : length * length;
    }
    return 2 * pairs * static_cast<double>(shape.heads * shape.dim);
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
        Span span(CT_GROUP_ATTENTION, "attention", 2 * product_flops(shape, offset, count));
        std::vector<Buffers> matrices(max_threads()), blocks(max_threads());
        dispatch(q.scalar_type(), "attention", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            auto work = pieces(shape, offset, count);
            parallel_items(static_cast<int64_t>(work.size()), [&](int64_t item, int thread) {
                const Piece &p = work[item];
                forward_group<T>(shape, q, k, v, out, lse.mutable_data_ptr<float>(), total, p.start, p.length, p.group, p.first, p.end, matrices[thread],
                                 blocks[thread]);
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
        Span span(CT_GROUP_ATTENTION, "attention gradient", 5 * product_flops(shape, offset, count));
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
