// Generation with CUDA tensors: projections with the adapters of some rows, and a paged cache whose keys and values are
// gathered for attention. Nothing here records a graph.
#include "composed.hpp"

#include "cuda/fused.hpp"
#include "generation/adapter_tiles.hpp"
#include "tensor/products.hpp"

namespace ctorch::composed {

std::vector<at::Tensor> infer_project(const at::Tensor &x, const ct_infer_projection *projections, int32_t count) {
    TORCH_CHECK(x.dim() == 2, "input of shape ", x.sizes());
    std::vector<at::Tensor> results;
    for (int32_t i = 0; i < count; i++) {
        auto &p = projections[i];
        at::Tensor weight = as(borrow(p.weight), x.scalar_type()), bias = p.bias ? as(borrow(p.bias), x.scalar_type()) : at::Tensor();
        TORCH_CHECK(weight.dim() == 2 && weight.size(1) == x.size(1), "input ", x.sizes(), ", weight ", weight.sizes());
        at::Tensor y = sum_of_products({{x, weight, true}}, bias);
        for (int32_t j = 0; j < p.num_adapters; j++) {
            auto &adapter = p.adapters[j];
            at::Tensor a = as(borrow(adapter.a), x.scalar_type()), tiles = borrow(adapter.b);
            TORCH_CHECK(a.dim() == 2 && a.size(1) == x.size(1) && is_tiled(tiles, a.size(0), weight.size(0)) &&
                            adapter.first_row >= 0 && adapter.num_rows >= 0 && adapter.first_row + adapter.num_rows <= x.size(0),
                        "adapter ", a.sizes(), " and tiles ", tiles.sizes(), " on weight ", weight.sizes());
            if (adapter.num_rows == 0) continue;
            at::Tensor low = sum_of_products({{x.narrow(0, adapter.first_row, adapter.num_rows), a, true}});
            y.narrow(0, adapter.first_row, adapter.num_rows).addmm_(low, as(from_tiles(tiles, weight.size(0)), x.scalar_type()));
        }
        results.push_back(y);
    }
    return results;
}

at::Tensor logits(const at::Tensor &x, const at::Tensor &weight_in) {
    at::Tensor weight = as(weight_in, x.scalar_type());
    TORCH_CHECK(x.dim() == 2 && weight.dim() == 2 && weight.size(1) == x.size(1), "input ", x.sizes(), ", weight ", weight.sizes());
    return as(sum_of_products({{x, weight, true}}), at::kFloat);
}

at::Tensor paged_cache(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t dim, at::ScalarType dtype) {
    TORCH_CHECK(layers > 0 && blocks > 0 && kv_heads > 0 && dim > 0, "a cache of ", blocks, " blocks");
    return at::empty({layers, 2, blocks, CT_BLOCK_TOKENS, kv_heads, dim}, at::TensorOptions().dtype(dtype).device(default_device()));
}

namespace {
/// What a pass over the cache needs on the device. All layers of a pass ask for the same: the last one is kept.
struct Plan {
    std::vector<int32_t> offsets, lengths, tables;
    int32_t stride = 0;
    at::Device device = at::kCPU;
    at::Tensor written;              // int64 [T], the place of each row's key in the cache
    std::vector<int64_t> first_key;  // of each sequence, and the total
    std::vector<int64_t> first_row;
    int64_t longest = 0, most_rows = 0;

    bool is_of(const ct_paged_batch &batch, at::Device where) const {
        size_t n = batch.num_sequences;
        return device == where && stride == batch.table_stride && lengths.size() == n && std::equal(lengths.begin(), lengths.end(), batch.lengths) &&
               std::equal(offsets.begin(), offsets.end(), batch.offsets) && std::equal(tables.begin(), tables.end(), batch.tables);
    }

    Plan(const ct_paged_batch &batch, int64_t rows, int64_t blocks, at::Device where)
        : offsets(batch.offsets, batch.offsets + batch.num_sequences + 1),
          lengths(batch.lengths, batch.lengths + batch.num_sequences),
          tables(batch.tables, batch.tables + static_cast<int64_t>(batch.num_sequences) * batch.table_stride),
          stride(batch.table_stride),
          device(where) {
        TORCH_CHECK(offsets[0] == 0 && offsets.back() == rows, "the sequences cover ", offsets.back(), " of ", rows, " rows");
        std::vector<int64_t> write_places;
        first_key.push_back(0);
        first_row.push_back(0);
        for (size_t s = 0; s < lengths.size(); s++) {
            int64_t queries = offsets[s + 1] - offsets[s], length = lengths[s];
            TORCH_CHECK(queries > 0 && length >= queries && (length + CT_BLOCK_TOKENS - 1) / CT_BLOCK_TOKENS <= stride, "sequence ", s, " has ", queries, " queries, ",
                        length, " positions");
            for (int64_t b = 0; b * CT_BLOCK_TOKENS < length; b++) {
                int64_t block = tables[s * stride + b];
                TORCH_CHECK(block >= 0 && block < blocks, "block ", block, " of ", blocks);
            }
            for (int64_t position = length - queries; position < length; position++) write_places.push_back(place(s, position));
            first_key.push_back(first_key.back() + length);
            first_row.push_back(offsets[s + 1]);
            longest = std::max(longest, length);
            most_rows = std::max(most_rows, queries);
        }
        written = uploaded(write_places);
    }

    /// Whether each sequence has one query.
    bool decodes() const { return most_rows == 1; }

    /// int64 [sum of lengths], the places of all keys, sequence by sequence.
    const at::Tensor &read() {
        if (read_.defined()) return read_;
        std::vector<int64_t> places;
        places.reserve(static_cast<size_t>(first_key.back()));
        for (size_t s = 0; s < lengths.size(); s++)
            for (int64_t position = 0; position < lengths[s]; position++) places.push_back(place(s, position));
        return read_ = uploaded(places);
    }

    /// int32 [sequences, 1 + blocks], each one's length and blocks.
    const at::Tensor &table() {
        if (table_.defined()) return table_;
        std::vector<int32_t> rows;
        for (size_t s = 0; s < lengths.size(); s++) {
            rows.push_back(lengths[s]);
            rows.insert(rows.end(), tables.begin() + static_cast<int64_t>(s) * stride, tables.begin() + static_cast<int64_t>(s + 1) * stride);
        }
        return table_ = upload(at::from_blob(rows.data(), {static_cast<int64_t>(lengths.size()), stride + 1}, at::kInt), device);
    }

private:
    at::Tensor read_, table_;

    int64_t place(size_t sequence, int64_t position) const {
        return int64_t(tables[sequence * static_cast<size_t>(stride) + static_cast<size_t>(position / CT_BLOCK_TOKENS)]) * CT_BLOCK_TOKENS + position % CT_BLOCK_TOKENS;
    }
    at::Tensor uploaded(std::vector<int64_t> &places) const {
        return upload(at::from_blob(places.data(), {static_cast<int64_t>(places.size())}, at::kLong), device);
    }
};

/// One sequence: its queries [n, H, d] are the last n of its keys' positions.
at::Tensor attend(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, double scale) {
    int64_t queries = q.size(0), length = k.size(0);
    auto heads_first = [](const at::Tensor &t) { return t.transpose(0, 1).unsqueeze(0); };
    std::optional<at::Tensor> mask;
    bool is_whole = queries == length;
    if (!is_whole && queries > 1) mask = at::ones({queries, length}, q.options().dtype(at::kBool)).tril(length - queries);
    at::Tensor out = at::scaled_dot_product_attention(heads_first(q), heads_first(k), heads_first(v), mask, 0.0, is_whole && queries > 1, scale, q.size(1) != k.size(1));
    return out.squeeze(0).transpose(0, 1);
}

/// Part 0 (keys) or 1 (values) of a layer's cache by places.
at::Tensor places_of(const at::Tensor &cache, int64_t part) {
    return cache.select(0, part).view({cache.size(1) * CT_BLOCK_TOKENS, cache.size(3), cache.size(4)});
}

/// The turned queries [T, H, d], after the keys and values of all rows were written: a sequence may share blocks with another.
at::Tensor written_queries(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &cos, const at::Tensor &sin, const at::Tensor &cache,
                           const at::Tensor &written) {
    if (auto turned = cuda::paged_write(q, k, v, cos, sin, written, cache)) return *turned;
    int64_t rows = q.size(0), kv_heads = cache.size(3), dim = cache.size(4);
    places_of(cache, 0).index_copy_(0, written, rotate(k.reshape({rows, kv_heads, dim}), cos, sin, 1));
    places_of(cache, 1).index_copy_(0, written, v.reshape({rows, kv_heads, dim}));
    return rotate(q.reshape({rows, -1, dim}), cos, sin, 1);
}
}  // namespace

at::Tensor paged_attention(const at::Tensor &q_in, const at::Tensor &k_in, const at::Tensor &v_in, const at::Tensor &cos, const at::Tensor &sin, const at::Tensor &cache,
                           const ct_paged_batch &batch, double scale) {
    int64_t rows = q_in.size(0), blocks = cache.size(1), kv_heads = cache.size(3), dim = cache.size(4), heads = q_in.size(1) / dim;
    TORCH_CHECK(q_in.dim() == 2 && q_in.size(1) % dim == 0 && k_in.size(1) == kv_heads * dim && v_in.size(1) == kv_heads * dim && heads % kv_heads == 0 &&
                    cache.scalar_type() == q_in.scalar_type() && k_in.scalar_type() == q_in.scalar_type() && v_in.scalar_type() == q_in.scalar_type() &&
                    cos.size(0) == rows && cos.size(1) == dim,
                "q ", q_in.sizes(), " ", q_in.scalar_type(), ", k ", k_in.sizes(), ", v ", v_in.sizes(), ", cos ", cos.sizes(), ", cache ", cache.sizes(), " ",
                cache.scalar_type());
    // Never freed: CUDA may be gone when the thread ends. Held here too, for the kernels' first use makes plans of its own.
    static thread_local std::shared_ptr<Plan> &kept = *new std::shared_ptr<Plan>;
    if (!kept || !kept->is_of(batch, q_in.device())) kept = std::make_shared<Plan>(batch, rows, blocks, q_in.device());
    std::shared_ptr<Plan> plan = kept;
    at::Tensor q = written_queries(q_in, k_in, v_in, cos, sin, cache, plan->written);
    if (plan->decodes())
        if (auto out = cuda::paged_decode(q, cache, plan->table(), plan->longest, scale)) return out->reshape({rows, heads * dim});
    at::Tensor all_k = places_of(cache, 0).index_select(0, plan->read()), all_v = places_of(cache, 1).index_select(0, plan->read()), out;
    if (takes_flash(q)) {
        // Causal with fewer queries than keys: the last query sees the last key.
        at::Tensor row_table = device_table(plan->first_row, q.device()), key_table = device_table(plan->first_key, q.device());
        out = std::get<0>(at::_flash_attention_forward(q, all_k, all_v, row_table, key_table, plan->most_rows, plan->longest, 0.0, true, false, scale));
    } else {
        std::vector<at::Tensor> parts;
        for (size_t s = 0; s + 1 < plan->first_row.size(); s++) {
            int64_t key = plan->first_key[s], length = plan->first_key[s + 1] - key;
            parts.push_back(attend(q.narrow(0, plan->first_row[s], plan->first_row[s + 1] - plan->first_row[s]), all_k.narrow(0, key, length), all_v.narrow(0, key, length), scale));
        }
        out = parts.empty() ? q : at::cat(parts);
    }
    return out.reshape({rows, heads * dim});
}

void paged_copy(const at::Tensor &cache, const int32_t *from, const int32_t *to, int32_t count) {
    int64_t blocks = cache.size(2);
    std::vector<int64_t> sources(from, from + count), targets(to, to + count);
    for (int32_t i = 0; i < count; i++)
        TORCH_CHECK(from[i] >= 0 && from[i] < blocks && to[i] >= 0 && to[i] < blocks, "copy of block ", from[i], " to ", to[i], " of ", blocks);
    // One after another, as a block may be copied on.
    for (int32_t i = 0; i < count; i++) cache.select(2, targets[i]).copy_(cache.select(2, sources[i]));
}

}  // namespace ctorch::composed
