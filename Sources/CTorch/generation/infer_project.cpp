// Projections without a graph. A few rows are bound by reading the weights: their products are computed in one pass over
// the weights as they lie, packed when they were loaded or plain. Many rows go to the matrix products of training.
#include "ctorch_inference.h"
#include "composed/composed.hpp"
#include "kernels/bf16_products.hpp"
#include "kernels/decode.hpp"
#include "kernels/kernels.hpp"
#include "tensor/products.hpp"
#include "generation/adapter_tiles.hpp"
#include "tensor/packed_weight.hpp"

#include <atomic>
#include <chrono>

using namespace ctorch;

namespace {
constexpr int64_t kFewRows = 32;
constexpr int64_t kFewRowsBF16 = 23;  // our own product of bf16 matrices takes over from there
constexpr int64_t kOutputs = kTileOutputs;  // of one piece of work

bool are_few(int64_t rows, at::ScalarType dtype) { return rows <= (dtype == at::kBFloat16 && has_bf16_products() ? kFewRowsBF16 : kFewRows); }

/// Room for the outputs of one piece of work.
template <typename T>
T *scratch(int64_t rows) {
    thread_local std::vector<T> memory;
    if (static_cast<int64_t>(memory.size()) < rows * kOutputs) memory.resize(rows * kOutputs);
    return memory.data();
}

void dots(const float *x, int64_t rows, int64_t x_row, const float *w, int64_t outs, int64_t size, float *y, int64_t y_row) {
    decode_kernels().dots_f32(x, rows, x_row, w, outs, size, size, y, y_row);
}
void dots(const c10::BFloat16 *x, int64_t rows, int64_t x_row, const c10::BFloat16 *w, int64_t outs, int64_t size, float *y, int64_t y_row) {
    decode_kernels().dots_bf16(x, rows, x_row, w, outs, size, size, y, y_row);
}

struct Adapter {
    at::Tensor a, b;
    int64_t first, rows;
    std::vector<float> low;  // [rows][r]
};
struct Linear {
    at::Tensor weight, bias;  // no weight when it is packed
    std::optional<PackedWeight> packed;
    std::shared_ptr<const PackedInput> input;
    std::vector<Adapter> adapters;
    int64_t outs() const { return packed ? packed->packing.outs : weight.size(0); }
};

bool are_few(int64_t rows, at::ScalarType dtype, const std::vector<Linear> &group) {
    return std::all_of(group.begin(), group.end(), [&](auto &linear) { return linear.packed ? rows <= linear.packed->most_few_rows() : are_few(rows, dtype); });
}

/// A projection's weight, in the dtype of x unless it is packed.
void set_weight(Linear &linear, const at::Tensor &x, const ct_infer_projection &p) {
    if (p.packing.bits) {
        linear.packed = PackedWeight(borrow(p.weight), p.packing);
        TORCH_CHECK(p.packing.size == x.size(1), "input ", x.sizes(), ", packed weight ", p.packing.outs, " x ", p.packing.size);
    } else {
        linear.weight = as(borrow(p.weight), x.scalar_type()).contiguous();
        TORCH_CHECK(linear.weight.dim() == 2 && linear.weight.size(1) == x.size(1), "input ", x.sizes(), ", weight ", linear.weight.sizes());
    }
}

/// The input in the form that products with packed weights read; made once for weights that are packed alike.
void set_inputs(const at::Tensor &x, std::vector<Linear> &group) {
    std::shared_ptr<const PackedInput> last;
    for (auto &linear : group) {
        if (!linear.packed) continue;
        if (!last || !last->fits(linear.packed->packing)) last = std::make_shared<PackedInput>(x, linear.packed->packing);
        linear.input = last;
    }
}

std::vector<Linear> linears(const at::Tensor &x, const ct_infer_projection *projections, int32_t count) {
    std::vector<Linear> result(count);
    TORCH_CHECK(x.dim() == 2, "input of shape ", x.sizes());
    for (int32_t i = 0; i < count; i++) {
        auto &p = projections[i];
        auto &linear = result[i];
        set_weight(linear, x, p);
        if (p.bias) linear.bias = as(borrow(p.bias), x.scalar_type()).contiguous();
        for (int32_t j = 0; j < p.num_adapters; j++) {
            auto &source = p.adapters[j];
            Adapter adapter{as(borrow(source.a), x.scalar_type()).contiguous(), borrow(source.b), source.first_row, source.num_rows, {}};
            TORCH_CHECK(adapter.a.dim() == 2 && adapter.a.size(1) == x.size(1) && is_tiled(adapter.b, adapter.a.size(0), linear.outs()) && adapter.first >= 0 && adapter.rows >= 0 && adapter.first + adapter.rows <= x.size(0),
                        "adapter ", adapter.a.sizes(), " and tiles ", adapter.b.sizes(), " on ", linear.outs(), " outputs");
            if (adapter.rows > 0) linear.adapters.push_back(std::move(adapter));
        }
    }
    return result;
}

template <typename T>
void lower(const at::Tensor &x, std::vector<Linear> &group) {
    int64_t size = x.size(1);
    for (auto &linear : group)
        for (auto &adapter : linear.adapters) {
            int64_t rank = adapter.a.size(0);
            adapter.low.resize(adapter.rows * rank);
            dots(x.const_data_ptr<T>() + adapter.first * size, adapter.rows, size, adapter.a.const_data_ptr<T>(), rank, size, adapter.low.data(), rank);
        }
}

/// Outputs first ..< first + outs of one projection into y [rows][kOutputs].
template <typename T>
void few_rows(const at::Tensor &x, const Linear &linear, int64_t first, int64_t outs, float *y) {
    int64_t rows = x.size(0), size = x.size(1);
    if (linear.packed)
        linear.packed->few_rows(*linear.input, first, outs, y, kOutputs);
    else
        dots(x.const_data_ptr<T>(), rows, size, linear.weight.const_data_ptr<T>() + first * size, outs, size, y, kOutputs);
    if (linear.bias.defined()) {
        float bias[kOutputs];
        kernels().rows<T>().to_float(linear.bias.const_data_ptr<T>() + first, bias, outs, 1);
        for (int64_t m = 0; m < rows; m++)
            for (int64_t n = 0; n < outs; n++) y[m * kOutputs + n] += bias[n];
    }
    for (auto &adapter : linear.adapters) {
        int64_t rank = adapter.a.size(0);
        decode_kernels().add_tile(adapter.low.data(), adapter.rows, rank, adapter.b.const_data_ptr<float>() + first * rank,
                                  y + adapter.first * kOutputs, kOutputs);
    }
}

at::Tensor many_rows(const at::Tensor &x, const Linear &linear) {
    at::Tensor y = linear.packed ? linear.packed->many_rows(*linear.input, linear.bias, x.scalar_type()) : sum_of_products({{x, linear.weight, true}}, linear.bias);
    for (auto &adapter : linear.adapters) {
        at::Tensor low = sum_of_products({{x.narrow(0, adapter.first, adapter.rows), adapter.a, true}});
        y.narrow(0, adapter.first, adapter.rows).addmm_(low, as(from_tiles(adapter.b, linear.outs()), x.scalar_type()));
    }
    return y;
}

/// A piece of work: outputs of one projection.
struct Piece {
    int32_t linear;
    int64_t first, outs;
};
std::vector<Piece> pieces(const std::vector<Linear> &group) {
    std::vector<Piece> result;
    for (size_t i = 0; i < group.size(); i++)
        for (int64_t first = 0, total = group[i].outs(); first < total; first += kOutputs)
            result.push_back({static_cast<int32_t>(i), first, std::min(kOutputs, total - first)});
    return result;
}

bool any_null_part(const ct_infer_projection *projections, int32_t count) {
    for (int32_t i = 0; i < count; i++) {
        if (!projections[i].weight) return true;
        for (int32_t j = 0; j < projections[i].num_adapters; j++)
            if (!projections[i].adapters[j].a || !projections[i].adapters[j].b) return true;
    }
    return false;
}
}  // namespace

extern "C" {
int32_t ct_infer_few_rows(void) { return !default_device().is_cpu() ? 0 : has_bf16_products() ? kFewRowsBF16 : kFewRows; }

bool ct_infer_project(ct_optional x_in, const ct_infer_projection *projections, int32_t count, ct_optional *out) {
    if (!x_in || any_null_part(projections, count)) return false;
    return guarded<bool>("project", false, [&] {
        at::NoGradGuard off;
        at::Tensor x = borrow(x_in).contiguous();
        if (composes(x)) {
            auto made = composed::infer_project(x, projections, count);
            for (int32_t i = 0; i < count; i++) out[i] = give(made[i]);
            return true;
        }
        auto group = linears(x, projections, count);
        set_inputs(x, group);
        int64_t rows = x.size(0);
        std::vector<at::Tensor> results;
        if (!are_few(rows, x.scalar_type(), group)) {
            for (auto &linear : group) results.push_back(many_rows(x, linear));
        } else {
            for (auto &linear : group) results.push_back(at::empty({rows, linear.outs()}, x.options()));
            dispatch(x.scalar_type(), "project", [&](auto *type) {
                using T = std::remove_pointer_t<decltype(type)>;
                lower<T>(x, group);
                std::vector<T *> targets;
                for (auto &result : results) targets.push_back(result.mutable_data_ptr<T>());
                auto work = pieces(group);
                parallel_for(work.size(), 1, [&](int64_t begin, int64_t end) {
                    float *y = scratch<float>(rows);
                    for (int64_t i = begin; i < end; i++) {
                        auto &piece = work[i];
                        few_rows<T>(x, group[piece.linear], piece.first, piece.outs, y);
                        int64_t total = group[piece.linear].outs();
                        for (int64_t m = 0; m < rows; m++)
                            kernels().rows<T>().from_float(y + m * kOutputs, targets[piece.linear] + m * total + piece.first, piece.outs, 1);
                    }
                });
            });
        }
        for (int32_t i = 0; i < count; i++) out[i] = give(results[i]);
        return true;
    });
}

ct_optional ct_infer_gated(ct_optional x_in, const ct_infer_projection *projections) {
    if (!x_in || any_null_part(projections, 2)) return nullptr;
    return guarded_tensor("gated projection", [&] {
        at::NoGradGuard off;
        at::Tensor x = borrow(x_in).contiguous();
        if (composes(x)) {
            auto made = composed::infer_project(x, projections, 2);
            return composed::gated(made[0], made[1]);
        }
        auto group = linears(x, projections, 2);
        set_inputs(x, group);
        int64_t rows = x.size(0), total = group[0].outs();
        TORCH_CHECK(group[1].outs() == total, "gate and up have ", total, " and ", group[1].outs(), " outputs");
        at::Tensor result = at::empty({rows, total}, x.options());
        dispatch(x.scalar_type(), "gated projection", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            T *target = result.mutable_data_ptr<T>();
            if (!are_few(rows, x.scalar_type(), group)) {
                at::Tensor gate = many_rows(x, group[0]), up = many_rows(x, group[1]);
                const T *g = gate.const_data_ptr<T>(), *u = up.const_data_ptr<T>();
                parallel_for(rows, 4, [&](int64_t begin, int64_t end) {
                    kernels().rows<T>().swiglu_forward(g + begin * total, u + begin * total, target + begin * total, (end - begin) * total);
                });
                return;
            }
            lower<T>(x, group);
            parallel_for((total + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
                float *y = scratch<float>(rows);
                std::vector<T> gate(rows * kOutputs);
                T up[kOutputs];
                for (int64_t i = begin; i < end; i++) {
                    int64_t first = i * kOutputs, outs = std::min(kOutputs, total - first);
                    few_rows<T>(x, group[0], first, outs, y);
                    for (int64_t m = 0; m < rows; m++) kernels().rows<T>().from_float(y + m * kOutputs, gate.data() + m * kOutputs, outs, 1);
                    few_rows<T>(x, group[1], first, outs, y);
                    for (int64_t m = 0; m < rows; m++) {
                        kernels().rows<T>().from_float(y + m * kOutputs, up, outs, 1);
                        kernels().rows<T>().swiglu_forward(gate.data() + m * kOutputs, up, target + m * total + first, outs);
                    }
                }
            });
        });
        return result;
    });
}

ct_optional ct_logits(ct_optional x_in, const ct_infer_projection *projection) {
    if (!x_in || !projection->weight) return nullptr;
    return guarded_tensor("logits", [&] {
        at::NoGradGuard off;
        if (composes(borrow(x_in))) return composed::logits(borrow(x_in), borrow(projection->weight));
        at::Tensor x = borrow(x_in).contiguous();
        TORCH_CHECK(x.dim() == 2, "input of shape ", x.sizes());
        Linear linear;
        set_weight(linear, x, *projection);
        int64_t rows = x.size(0), total = linear.outs(), size = x.size(1);
        if (linear.packed) return linear.packed->logits(x);
        at::Tensor weight = linear.weight;
        if (x.scalar_type() == at::kBFloat16 && !are_few(rows, at::kBFloat16)) return sum_of_products({{x, weight, true}}, {}, at::kFloat);
        at::Tensor result = at::empty({rows, total}, x.options().dtype(at::kFloat));
        float *target = result.mutable_data_ptr<float>();
        dispatch(x.scalar_type(), "logits", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            const T *w = weight.const_data_ptr<T>(), *in = x.const_data_ptr<T>();
            parallel_for((total + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
                for (int64_t first = begin * kOutputs; first < std::min(end * kOutputs, total); first += kOutputs) {
                    int64_t outs = std::min(kOutputs, total - first);
                    for (int64_t m = 0; m < rows; m += kFewRows)
                        dots(in + m * size, std::min(kFewRows, rows - m), size, w + first * size, outs, size, target + m * total + first, total);
                }
            });
        });
        return result;
    });
}

double ct_read_seconds(const ct_optional *handles, int32_t count) {
    return guarded<double>("read", 0, [&] {
        auto tensors = borrow_all(handles, count);
        std::atomic<uint64_t> sink{0};
        auto start = std::chrono::steady_clock::now();
        for (auto &tensor : tensors) {
            const char *memory = static_cast<const char *>(tensor.const_data_ptr());
            // Pages of 4 KiB: what is left over of a tensor is small.
            parallel_for(static_cast<int64_t>(tensor.nbytes()) / 4096, 1, [&](int64_t begin, int64_t end) {
                sink += decode_kernels().read(memory + begin * 4096, (end - begin) * 4096);
            });
        }
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    });
}
}
