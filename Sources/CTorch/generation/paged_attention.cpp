// A key-value cache in blocks of 16 positions, and attention over it. In a block the keys of a head lie as [dim][16], so
// that scores of 16 keys are one vector, and the values as [16][padded dim].
//
// Sums run in runs of 512 keys that are combined in order, whatever the batch and the number of threads, and a query row
// of a prompt is computed alike in every chunk: answers do not depend on scheduling.
#include "ctorch_inference.h"
#include "composed/composed.hpp"
#include "kernels/decode.hpp"
#include "kernels/kernels.hpp"
#include "tensor/large_pages.hpp"

#include <cmath>

using namespace ctorch;

namespace {
static_assert(kBlockTokens == CT_BLOCK_TOKENS);
constexpr int64_t kRun = 512;       // keys of one partial sum of a decoded token
constexpr int64_t kQueryRows = 32;  // rows of a block of scores
constexpr int64_t kTileRows = 128;  // query rows of one piece of work of a prompt
constexpr int64_t kPanel = 32;      // keys of a packed panel

int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }

void block_scores(const float *q, int64_t groups, int64_t dim, const float *keys, float *scores, int64_t row) {
    decode_kernels().block_scores_f32(q, groups, dim, keys, scores, row);
}
void block_scores(const float *q, int64_t groups, int64_t dim, const c10::BFloat16 *keys, float *scores, int64_t row) {
    decode_kernels().block_scores_bf16(q, groups, dim, keys, scores, row);
}
void block_values(const float *weights, int64_t row, int64_t groups, const float *values, int64_t padded, float *out) {
    decode_kernels().block_values_f32(weights, row, groups, values, padded, out);
}
void block_values(const float *weights, int64_t row, int64_t groups, const c10::BFloat16 *values, int64_t padded, float *out) {
    decode_kernels().block_values_bf16(weights, row, groups, values, padded, out);
}

/// One layer of the cache, and the sequences of a pass.
template <typename T>
struct Pages {
    T *base;
    int64_t blocks, kv_heads, dim, padded;
    const ct_paged_batch &batch;

    int64_t block_size() const { return kBlockTokens * padded; }
    int64_t queries(int64_t s) const { return batch.offsets[s + 1] - batch.offsets[s]; }
    int64_t length(int64_t s) const { return batch.lengths[s]; }
    int64_t block(int64_t s, int64_t index) const { return batch.tables[s * batch.table_stride + index]; }
    T *keys(int64_t s, int64_t index, int64_t head) const { return base + (block(s, index) * kv_heads + head) * block_size(); }
    T *values(int64_t s, int64_t index, int64_t head) const { return base + ((blocks + block(s, index)) * kv_heads + head) * block_size(); }
};

struct Inputs {
    at::Tensor q, k, v, cos, sin;
    int64_t heads, dim, padded;
    float scale;
};

/// Writes the rotated keys and the values of row `row`, the position `position` of sequence `s`.
template <typename T>
void write_row(const Inputs &in, const Pages<T> &pages, int64_t s, int64_t row, int64_t position, T *rotated) {
    int64_t kv_heads = pages.kv_heads, dim = in.dim, slot = position % kBlockTokens, index = position / kBlockTokens;
    const float *cos = in.cos.const_data_ptr<float>() + row * dim, *sin = in.sin.const_data_ptr<float>() + row * dim;
    kernels().rows<T>().rotate(in.k.const_data_ptr<T>() + row * in.k.stride(0), rotated, cos, sin, kv_heads, dim, dim, 1);
    const T *v = in.v.const_data_ptr<T>() + row * in.v.stride(0);
    for (int64_t h = 0; h < kv_heads; h++) {
        T *keys = pages.keys(s, index, h) + slot, *values = pages.values(s, index, h) + slot * in.padded;
        for (int64_t i = 0; i < dim; i++) keys[i * kBlockTokens] = rotated[h * dim + i];
        std::copy(v + h * dim, v + (h + 1) * dim, values);
        // What another sequence left behind here is multiplied by zero later, which must not give NaN.
        if (row + 1 == pages.batch.offsets[s + 1])
            std::fill(values + in.padded, values + (kBlockTokens - slot) * in.padded, T(0));
    }
}

/// The queries of one key head of a row, rotated and scaled, as fp32 [shared][dim].
template <typename T>
void read_queries(const Inputs &in, int64_t row, int64_t first_head, int64_t shared, T *rotated, float *out) {
    const float *cos = in.cos.const_data_ptr<float>() + row * in.dim, *sin = in.sin.const_data_ptr<float>() + row * in.dim;
    kernels().rows<T>().rotate(in.q.const_data_ptr<T>() + row * in.q.stride(0) + first_head * in.dim, rotated, cos, sin, shared, in.dim, in.dim, 1);
    kernels().rows<T>().to_float(rotated, out, shared * in.dim, in.scale);
}

/// A decoded token against keys first ..< last of its sequence: out [shared][padded] unnormalised, then max and sum.
template <typename T>
void decode_run(const Inputs &in, const Pages<T> &pages, int64_t s, int64_t head, int64_t first, int64_t last, float *out, float *maxima, double *sums) {
    int64_t shared = in.heads / pages.kv_heads, padded = in.padded;
    thread_local std::vector<float> scratch;
    thread_local std::vector<T> rotated;
    if (static_cast<int64_t>(scratch.size()) < shared * (in.dim + kRun)) scratch.resize(shared * (in.dim + kRun));
    if (static_cast<int64_t>(rotated.size()) < shared * in.dim) rotated.resize(shared * in.dim);
    float *q = scratch.data(), *scores = q + shared * in.dim;
    read_queries<T>(in, pages.batch.offsets[s], head * shared, shared, rotated.data(), q);
    int64_t first_block = first / kBlockTokens, last_block = (last + kBlockTokens - 1) / kBlockTokens;
    for (int64_t b = first_block; b < last_block; b++)
        block_scores(q, shared, in.dim, pages.keys(s, b, head), scores + (b - first_block) * kBlockTokens, kRun);
    int64_t count = last - first, whole = round_up(count, kBlockTokens);
    for (int64_t g = 0; g < shared; g++) {
        float *row = scores + g * kRun;
        maxima[g] = decode_kernels().max(row, count);
        sums[g] = decode_kernels().exp_sum(row, count, maxima[g], 1, row);
        std::fill(row + count, row + whole, 0.0f);
    }
    std::fill(out, out + shared * padded, 0.0f);
    for (int64_t b = first_block; b < last_block; b++)
        block_values(scores + (b - first_block) * kBlockTokens, kRun, shared, pages.values(s, b, head), padded, out);
}

/// Query rows first ..< last of sequence `s` for one key head: the whole history in fp32, then blocks of 32 rows.
template <typename T>
void prompt_tile(const Inputs &in, const Pages<T> &pages, int64_t s, int64_t head, int64_t first, int64_t last, T *out, int64_t out_row) {
    int64_t shared = in.heads / pages.kv_heads, dim = in.dim, padded = in.padded;
    int64_t history = pages.length(s) - pages.queries(s), visible = history + last, padded_keys = round_up(visible, kPanel);
    thread_local std::vector<float> scratch;
    thread_local std::vector<T> rotated;
    int64_t need = padded_keys * (dim + padded) + kQueryRows * (padded_keys + shared * dim + dim + padded);
    if (static_cast<int64_t>(scratch.size()) < need) scratch.resize(need);
    if (static_cast<int64_t>(rotated.size()) < shared * dim) rotated.resize(shared * dim);
    float *panels = scratch.data(), *values = panels + padded_keys * dim, *scores = values + padded_keys * padded;
    float *queries = scores + kQueryRows * padded_keys, *rows_q = queries + kQueryRows * shared * dim, *rows_out = rows_q + kQueryRows * dim;
    for (int64_t key = 0; key < padded_keys; key += kBlockTokens) {
        float *panel = panels + key / kPanel * kPanel * dim + key % kPanel;
        if (key >= visible) {
            for (int64_t i = 0; i < dim; i++) std::fill(panel + i * kPanel, panel + i * kPanel + kBlockTokens, 0.0f);
            std::fill(values + key * padded, values + (key + kBlockTokens) * padded, 0.0f);
            continue;
        }
        int64_t block = key / kBlockTokens;
        const T *keys = pages.keys(s, block, head);
        for (int64_t i = 0; i < dim; i++) kernels().rows<T>().to_float(keys + i * kBlockTokens, panel + i * kPanel, kBlockTokens, 1);
        kernels().rows<T>().to_float(pages.values(s, block, head), values + key * padded, kBlockTokens * padded, 1);
    }
    for (int64_t start = first; start < last; start += kQueryRows) {
        int64_t rows = std::min(kQueryRows, last - start), seen = history + start + rows;
        for (int64_t r = 0; r < rows; r++)
            read_queries<T>(in, pages.batch.offsets[s] + start + r, head * shared, shared, rotated.data(), queries + r * shared * dim);
        for (int64_t g = 0; g < shared; g++) {
            for (int64_t r = 0; r < rows; r++) std::copy_n(queries + (r * shared + g) * dim, dim, rows_q + r * dim);
            for (int64_t key = 0; key < seen; key += kPanel)
                kernels().gemm(rows, kPanel, dim, rows_q, dim, 1, panels + key * dim, kPanel, scores + key, padded_keys, false);
            float sums[kQueryRows];
            for (int64_t r = 0; r < rows; r++) {
                float *row = scores + r * padded_keys, max = -3.0e38f;
                int64_t own = history + start + r + 1;
                sums[r] = kernels().exp_row(row, own, &max);
                std::fill(row + own, row + seen, 0.0f);
            }
            kernels().gemm(rows, padded, seen, scores, padded_keys, 1, values, padded, rows_out, padded, false);
            for (int64_t r = 0; r < rows; r++)
                kernels().rows<T>().from_float(rows_out + r * padded, out + (pages.batch.offsets[s] + start + r) * out_row + (head * shared + g) * dim, dim, 1 / sums[r]);
        }
    }
}

struct Work {
    int64_t sequence, head, first, last;
};

template <typename T>
void attend(const Inputs &in, const Pages<T> &pages, at::Tensor &out_tensor) {
    T *out = out_tensor.mutable_data_ptr<T>();
    int64_t out_row = in.heads * in.dim, shared = in.heads / pages.kv_heads;
    std::vector<Work> prompts, decoded;
    for (int64_t s = 0; s < pages.batch.num_sequences; s++) {
        int64_t queries = pages.queries(s), length = pages.length(s);
        for (int64_t h = 0; h < pages.kv_heads; h++) {
            if (queries == 1) {
                for (int64_t first = 0; first < length; first += kRun) decoded.push_back({s, h, first, std::min(first + kRun, length)});
            } else {
                for (int64_t first = 0; first < queries; first += kTileRows) prompts.push_back({s, h, first, std::min(first + kTileRows, queries)});
            }
        }
    }
    // The last tiles see most keys: they go first.
    parallel_items(prompts.size(), [&](int64_t item, int) {
        auto &work = prompts[prompts.size() - 1 - item];
        prompt_tile<T>(in, pages, work.sequence, work.head, work.first, work.last, out, out_row);
    });
    if (decoded.empty()) return;
    int64_t part = shared * in.padded;
    std::vector<float> partial(decoded.size() * (part + shared));
    std::vector<double> sums(decoded.size() * shared);
    float *maxima = partial.data() + decoded.size() * part;
    auto run = [&](int64_t item) {
        auto &work = decoded[item];
        decode_run<T>(in, pages, work.sequence, work.head, work.first, work.last, partial.data() + item * part, maxima + item * shared, sums.data() + item * shared);
    };
    int64_t keys = 0;
    for (auto &work : decoded) keys += work.last - work.first;
    if (keys * part < 16384) {  // cheaper than waking the team
        for (size_t item = 0; item < decoded.size(); item++) run(item);
    } else {
        parallel_items(decoded.size(), [&](int64_t item, int) { run(item); });
    }
    std::vector<float> total(in.padded);
    for (size_t item = 0; item < decoded.size();) {
        size_t end = item + 1;
        while (end < decoded.size() && decoded[end].first != 0) end++;
        for (int64_t g = 0; g < shared; g++) {
            float max = maxima[item * shared + g];
            for (size_t i = item + 1; i < end; i++) max = std::max(max, maxima[i * shared + g]);
            std::fill(total.begin(), total.end(), 0.0f);
            double sum = 0;
            for (size_t i = item; i < end; i++) {
                float factor = std::exp(maxima[i * shared + g] - max);
                sum += sums[i * shared + g] * factor;
                decode_kernels().axpy(factor, partial.data() + i * part + g * in.padded, total.data(), in.padded);
            }
            T *target = out + pages.batch.offsets[decoded[item].sequence] * out_row + (decoded[item].head * shared + g) * in.dim;
            kernels().rows<T>().from_float(total.data(), target, in.dim, static_cast<float>(1 / sum));
        }
        item = end;
    }
}

at::Tensor with_unit_columns(const at::Tensor &t) { return t.stride(-1) == 1 ? t : t.contiguous(); }
}  // namespace

extern "C" {
ct_optional ct_paged_cache(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t dim, int32_t dtype) {
    return guarded_tensor("paged cache", [&] {
        auto type = static_cast<at::ScalarType>(dtype);
        if (composes(at::empty({0}, default_device()))) return composed::paged_cache(layers, blocks, kv_heads, dim, type);
        int64_t size = kBlockTokens * round_up(dim, 16);
        TORCH_CHECK(layers > 0 && blocks > 0 && kv_heads > 0 && size > 0, "a cache of ", blocks, " blocks");
        return in_large_pages({layers, 2, blocks, kv_heads, size}, type);
    });
}

ct_optional ct_paged_attention(ct_optional q, ct_optional k, ct_optional v, ct_optional cos, ct_optional sin, ct_optional cache_in, int64_t dim,
                               const ct_paged_batch *batch, double scale) {
    if (!q || !k || !v || !cos || !sin || !cache_in) return nullptr;
    return guarded_tensor("paged attention", [&] {
        at::NoGradGuard off;
        at::Tensor cache = borrow(cache_in);
        if (composed::is_paged_layer(cache)) return composed::paged_attention(borrow(q), borrow(k), borrow(v), borrow(cos), borrow(sin), cache, *batch, scale);
        Inputs in{with_unit_columns(borrow(q)), with_unit_columns(borrow(k)), with_unit_columns(borrow(v)), borrow(cos).contiguous(), borrow(sin).contiguous(), 0, dim,
                  round_up(dim, 16), static_cast<float>(scale)};
        int64_t rows = in.q.size(0), kv_heads = cache.size(2);
        in.heads = in.q.size(1) / dim;
        TORCH_CHECK(in.q.dim() == 2 && in.k.size(1) == kv_heads * dim && in.v.size(1) == kv_heads * dim && in.heads % kv_heads == 0 &&
                        cache.size(3) == kBlockTokens * in.padded && cache.is_contiguous() && cache.scalar_type() == in.q.scalar_type() &&
                        in.k.scalar_type() == in.q.scalar_type() && in.v.scalar_type() == in.q.scalar_type() && in.cos.size(0) == rows && in.cos.size(1) == dim,
                    "q ", in.q.sizes(), " ", in.q.scalar_type(), ", k ", in.k.sizes(), ", v ", in.v.sizes(), ", cos ", in.cos.sizes(), ", cache ", cache.sizes(), " ",
                    cache.scalar_type());
        TORCH_CHECK(batch->offsets[0] == 0 && batch->offsets[batch->num_sequences] == rows, "the sequences cover ", batch->offsets[batch->num_sequences], " of ", rows, " rows");
        for (int64_t s = 0; s < batch->num_sequences; s++) {
            int64_t queries = batch->offsets[s + 1] - batch->offsets[s], needed = (batch->lengths[s] + kBlockTokens - 1) / kBlockTokens;
            TORCH_CHECK(queries > 0 && batch->lengths[s] >= queries && needed <= batch->table_stride, "sequence ", s, " has ", queries, " queries, ", batch->lengths[s], " positions");
            for (int64_t b = 0; b < needed; b++) {
                int64_t block = batch->tables[s * batch->table_stride + b];
                TORCH_CHECK(block >= 0 && block < cache.size(1), "block ", block, " of ", cache.size(1));
            }
        }
        at::Tensor out = at::empty({rows, in.heads * dim}, in.q.options());
        dispatch(in.q.scalar_type(), "paged attention", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            Pages<T> pages{cache.mutable_data_ptr<T>(), cache.size(1), kv_heads, dim, in.padded, *batch};
            std::vector<int32_t> owner(rows);
            for (int64_t s = 0; s < batch->num_sequences; s++)
                for (int64_t row = batch->offsets[s]; row < batch->offsets[s + 1]; row++) owner[row] = static_cast<int32_t>(s);
            // All keys are there before any row attends: a sequence may share blocks with another of this pass.
            parallel_for(rows, 32, [&](int64_t begin, int64_t end) {
                std::vector<T> rotated(kv_heads * dim);
                for (int64_t row = begin; row < end; row++) {
                    int64_t s = owner[row];
                    write_row<T>(in, pages, s, row, pages.length(s) - pages.queries(s) + row - batch->offsets[s], rotated.data());
                }
            });
            attend<T>(in, pages, out);
        });
        return out;
    });
}

bool ct_paged_copy(ct_optional cache_in, const int32_t *from, const int32_t *to, int32_t count) {
    if (!cache_in) return false;
    return guarded<bool>("paged copy", false, [&] {
        at::Tensor cache = borrow(cache_in);
        if (composed::is_paged_cache(cache)) {
            composed::paged_copy(cache, from, to, count);
            return true;
        }
        int64_t blocks = cache.size(2);
        size_t bytes = static_cast<size_t>(cache.size(3) * cache.size(4)) * cache.element_size();
        char *base = static_cast<char *>(cache.data_ptr());
        for (int32_t i = 0; i < count; i++) {
            TORCH_CHECK(from[i] >= 0 && from[i] < blocks && to[i] >= 0 && to[i] < blocks, "copy of block ", from[i], " to ", to[i], " of ", blocks);
            for (int64_t part = 0; part < cache.size(0) * 2; part++) {
                char *start = base + part * blocks * bytes;
                std::copy_n(start + from[i] * bytes, bytes, start + to[i] * bytes);
            }
        }
        return true;
    });
}
}
