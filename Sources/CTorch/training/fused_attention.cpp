// Attention inside segments of one packed batch, forward and backward: which rows and heads a thread works on, and the node
// of the graph.
#include "composed/composed.hpp"
#include "device/profile.hpp"
#include "kernels/attention.hpp"
#include "kernels/bf16_attention.hpp"
#include "kernels/bf16_products.hpp"
#include "kernels/kernels.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {

constexpr int64_t kPiece = 1008;  // rows of a long segment that repay another thread's reading of the keys

/// The tensors of an attention; the gradients' are undefined forward.
struct Tensors {
    at::Tensor q, k, v, out, lse;  // [T, H, d], [T, K, d] twice, [T, H, d], fp32 [H, T]
    at::Tensor dout, dq, dk, dv;
};

struct Shape {
    int64_t heads, groups, dim;
    bool causal;
    float scale;
    int64_t shared() const { return heads / groups; }  // query heads that share one key head
};

at::Tensor with_unit_columns(const at::Tensor &t) { return t.stride(-1) == 1 ? t : t.contiguous(); }

Shape shape_of(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, bool causal, double scale) {
    TORCH_CHECK(q.dim() == 3 && k.dim() == 3 && k.sizes() == v.sizes() && q.size(2) == k.size(2) && q.size(1) % k.size(1) == 0,
                "attention: q ", q.sizes(), ", k ", k.sizes(), ", v ", v.sizes());
    return {q.size(1), k.size(1), q.size(2), causal, static_cast<float>(scale)};
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

/// Rows of one segment and query heads of one key head.
struct Piece {
    int64_t start, length;  // of the segment
    int64_t group, head, heads;
    int64_t first, end;     // of the queries, in the segment
    float *sums = nullptr;  // of the keys' gradients, [2, length, dim], where other pieces have a part of them
};

/// Forward: long segments are cut into ranges of queries, the most expensive ones first. The cut does not change a result.
std::vector<Piece> forward_pieces(const Shape &shape, const int64_t *offset, int64_t count) {
    std::vector<Piece> all;
    int64_t wanted = std::max<int64_t>(1, 4 * max_threads() / std::max<int64_t>(1, count * shape.groups));
    for (int64_t i = 0; i < count; i++) {
        int64_t start = offset[i], length = offset[i + 1] - start, number = std::clamp<int64_t>(length / kPiece, 1, wanted);
        int64_t size = (length + number - 1) / number;
        for (int64_t group = 0; group < shape.groups; group++)
            for (int64_t first = 0; first < length; first += size)
                all.push_back({start, length, group, group * shape.shared(), shape.shared(), first, std::min(first + size, length)});
    }
    std::stable_sort(all.begin(), all.end(), [](const Piece &a, const Piece &b) { return a.end > b.end; });
    return all;
}

/// Backward: of long segments every query head is a piece. What it adds to its keys is kept apart and summed up in the heads'
/// order, so that a result depends on the lengths alone, not on the threads.
struct BackwardPieces {
    std::vector<Piece> all;
    at::Tensor sums;

    BackwardPieces(const Shape &shape, const int64_t *offset, int64_t count) {
        auto is_shared_out = [&](int64_t length) { return length >= 2 * kPiece && shape.shared() > 1; };
        int64_t rows = 0;
        for (int64_t i = 0; i < count; i++)
            if (int64_t length = offset[i + 1] - offset[i]; is_shared_out(length)) rows += length;
        if (rows > 0) sums = at::empty({shape.heads * rows * 2 * shape.dim}, at::kFloat);
        float *next = rows > 0 ? sums.mutable_data_ptr<float>() : nullptr;
        for (int64_t i = 0; i < count; i++) {
            int64_t start = offset[i], length = offset[i + 1] - start, heads = is_shared_out(length) ? 1 : shape.shared();
            for (int64_t head = 0; head < shape.heads; head += heads) {
                all.push_back({start, length, head / shape.shared(), head, heads, 0, length, heads < shape.shared() ? next : nullptr});
                if (all.back().sums) next += 2 * length * shape.dim;
            }
        }
        std::stable_sort(all.begin(), all.end(), [](const Piece &a, const Piece &b) { return a.length > b.length; });
    }
};

/// Element types of the kernels: bf16 is read as bits by the one for the processor's own instruction.
template <typename T>
T *elements(const at::Tensor &t) { return static_cast<T *>(const_cast<void *>(t.const_data_ptr())); }

template <typename T>
HeadRows<T> head_rows(const at::Tensor &t, int64_t row, int64_t head) {
    return {elements<std::remove_const_t<T>>(t) + row * t.stride(0) + head * t.stride(1), t.stride(0), t.stride(1)};
}

template <typename T>
SegmentRows<T> segment_rows(const Shape &shape, const Tensors &t, const Piece &p) {
    return {p.length, shape.dim, p.heads, shape.causal, shape.scale,
            head_rows<const T>(t.q, p.start, p.head), head_rows<const T>(t.k, p.start, p.group), head_rows<const T>(t.v, p.start, p.group),
            head_rows<T>(t.out, p.start, p.head), {elements<float>(t.lse) + p.head * t.lse.stride(0) + p.start, 1, t.lse.stride(0)}};
}

template <typename T>
SegmentGradients<T> segment_gradients(const Shape &shape, const Tensors &t, const Piece &p) {
    return {head_rows<const T>(t.dout, p.start, p.head), head_rows<T>(t.dq, p.start, p.head), head_rows<T>(t.dk, p.start, p.group),
            head_rows<T>(t.dv, p.start, p.group), p.sums, p.sums ? p.sums + p.length * shape.dim : nullptr};
}

/// Calls `body` with a null pointer of the element type of the kernel for these tensors.
template <typename Body>
void with_elements(const Shape &shape, const Tensors &t, Body &&body) {
    if (t.q.scalar_type() == at::kBFloat16 && has_bf16_products() && shape.dim % 2 == 0) body(static_cast<uint16_t *>(nullptr));
    else dispatch(t.q.scalar_type(), "attention", body);
}

void forward_piece(const SegmentRows<uint16_t> &rows, const Piece &p) { bf16_attention(rows, p.first, p.end); }
template <typename T>
void forward_piece(const SegmentRows<T> &rows, const Piece &p) { attention_rows(rows, p.first, p.end); }

void backward_piece(const SegmentRows<uint16_t> &rows, const SegmentGradients<uint16_t> &gradients) { bf16_attention_backward(rows, gradients); }
template <typename T>
void backward_piece(const SegmentRows<T> &rows, const SegmentGradients<T> &gradients) { attention_rows_backward(rows, gradients); }

/// Gradients of keys and values from the sums of the heads that share them.
void add_up(const Shape &shape, const Tensors &t, const std::vector<Piece> &pieces) {
    dispatch(t.dk.scalar_type(), "attention gradient", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        for (size_t i = 0; i < pieces.size(); i++) {
            const Piece &p = pieces[i];
            if (!p.sums || p.head % shape.shared() != 0) continue;
            // The heads of a key head follow one another.
            parallel_for(p.length, 64, [&](int64_t begin, int64_t end) {
                std::vector<float> total(shape.dim);
                for (int64_t row = begin; row < end; row++)
                    for (int part = 0; part < 2; part++) {
                        std::fill(total.begin(), total.end(), 0.0f);
                        for (int64_t h = 0; h < shape.shared(); h++)
                            for (int64_t j = 0; j < shape.dim; j++) total[j] += pieces[i + h].sums[(part * p.length + row) * shape.dim + j];
                        auto rows = head_rows<T>(part == 0 ? t.dk : t.dv, p.start, p.group);
                        kernels().rows<T>().from_float(total.data(), rows.at(row), shape.dim, 1);
                    }
            });
        }
    });
}

struct SegmentAttention : torch::autograd::Function<SegmentAttention> {
    static at::Tensor forward(AutogradContext *ctx, at::Tensor q, at::Tensor k, at::Tensor v, at::Tensor offsets, bool causal, double scale) {
        Tensors t{with_unit_columns(q), with_unit_columns(k), with_unit_columns(v)};
        Shape shape = shape_of(t.q, t.k, t.v, causal, scale);
        t.out = at::empty(t.q.sizes(), t.q.options());
        t.lse = at::empty({t.q.size(1), t.q.size(0)}, at::kFloat);
        const int64_t *offset = offsets.const_data_ptr<int64_t>();
        int64_t count = offsets.numel() - 1, total = t.q.size(0);
        TORCH_CHECK(offset[0] == 0 && offset[count] == total, "attention: the segments cover ", offset[count], " of ", total, " rows");
        Span span(CT_GROUP_ATTENTION, "attention", 2 * product_flops(shape, offset, count));
        auto work = forward_pieces(shape, offset, count);
        with_elements(shape, t, [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            parallel_items(static_cast<int64_t>(work.size()), [&](int64_t i, int) { forward_piece(segment_rows<T>(shape, t, work[i]), work[i]); });
        });
        ctx->save_for_backward({t.q, t.k, t.v, t.out, t.lse, offsets});
        ctx->saved_data["causal"] = causal;
        ctx->saved_data["scale"] = scale;
        return t.out;
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        Tensors t{saved[0], saved[1], saved[2], saved[3], saved[4], with_unit_columns(gradients[0])};
        t.dq = at::empty(t.q.sizes(), t.q.options());
        t.dk = at::empty(t.k.sizes(), t.k.options());
        t.dv = at::empty(t.v.sizes(), t.v.options());
        at::Tensor offsets = saved[5];
        Shape shape = shape_of(t.q, t.k, t.v, ctx->saved_data["causal"].toBool(), ctx->saved_data["scale"].toDouble());
        const int64_t *offset = offsets.const_data_ptr<int64_t>();
        int64_t count = offsets.numel() - 1;
        Span span(CT_GROUP_ATTENTION, "attention gradient", 5 * product_flops(shape, offset, count));
        BackwardPieces pieces(shape, offset, count);
        with_elements(shape, t, [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            parallel_items(static_cast<int64_t>(pieces.all.size()), [&](int64_t i, int) {
                backward_piece(segment_rows<T>(shape, t, pieces.all[i]), segment_gradients<T>(shape, t, pieces.all[i]));
            });
        });
        add_up(shape, t, pieces.all);
        return {t.dq, t.dk, t.dv, at::Tensor(), at::Tensor(), at::Tensor()};
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
