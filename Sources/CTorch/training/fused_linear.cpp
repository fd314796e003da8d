// Projections that share one input, with their low-rank adapters, as one node of the graph: frozen weights get no
// gradient and no saved copy, and the gradients of all projections are accumulated into one buffer. A packed weight is
// frozen: both passes multiply by the weight that it stands for, which exists for the length of a product only.
#include "device/profile.hpp"
#include "tensor/packed_weight.hpp"
#include "training/leaf_gradient.hpp"
#include "tensor/products.hpp"
#include "training/rows.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <array>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
enum Part { kWeight, kBias, kA, kB, kInput, kParts };
/// The tensors of the list begin after the two of the input.
constexpr size_t kTensors = 2;

/// Which tensor of the flat list each projection's parts are, -1 for an absent one, how the weights are packed, and the
/// adapters' scales.
struct Group : torch::CustomClassHolder {
    std::vector<std::array<int, kParts>> index;
    std::vector<ct_packing> packings;
    std::vector<double> scales;
    ct_input_kind kind;
    double epsilon;

    /// Projection i's weight [out, in], of which `stored` are the bytes where it is packed.
    at::Tensor weight(size_t i, const at::Tensor &stored, at::ScalarType dtype) const {
        if (!packings[i].bits) return stored;
        Span span(CT_GROUP_OTHER, "unpacking");
        return PackedWeight(stored, packings[i]).unpacked(dtype);
    }
};

/// The group's input x [T, in], from what it is made of; a norm's `rstd` is written.
at::Tensor made_input(const Group &group, const at::Tensor &first, const at::Tensor &second, at::Tensor &rstd) {
    switch (group.kind) {
        case CT_INPUT_NORMALIZED: return rms_norm_rows(first, second, group.epsilon, rstd);
        case CT_INPUT_GATED: return gated_rows(first, second);
        default: return first;
    }
}

/// The adapters that read the group's own input, side by side: their A matrices [sum of ranks, D], so that one product
/// serves all of them.
struct SharedAdapters {
    std::vector<int64_t> first;  // column of each projection's rank, -1 for one with another input or none
    at::Tensor a;

    SharedAdapters(const Group &group, at::TensorList tensors, at::ScalarType dtype) {
        std::vector<at::Tensor> parts;
        int64_t total = 0;
        for (auto &index : group.index) {
            bool shared = index[kA] >= 0 && index[kInput] < 0;
            first.push_back(shared ? total : -1);
            if (!shared) continue;
            parts.push_back(as(tensors[index[kA]].detach(), dtype));
            total += parts.back().size(0);
        }
        if (parts.size() == 1) a = parts[0];
        else if (!parts.empty()) a = at::cat(parts);
    }

    at::Tensor columns(const at::Tensor &all, size_t i, int64_t rank) const { return all.narrow(1, first[i], rank); }
};

struct Project : torch::autograd::Function<Project> {
    static variable_list forward(AutogradContext *ctx, at::Tensor first_in, std::optional<at::Tensor> second_in, at::TensorList tensors, c10::intrusive_ptr<Group> group) {
        at::Tensor first = first_in.contiguous(), second = second_in ? second_in->contiguous() : at::Tensor(), rstd;
        at::Tensor x = made_input(*group, first, second, rstd);
        auto dtype = x.scalar_type();
        // x itself is kept only where it is the input as it came.
        variable_list outputs, saved{first, second};
        saved.insert(saved.end(), tensors.begin(), tensors.end());
        SharedAdapters shared(*group, tensors, dtype);
        at::Tensor shared_low = shared.a.defined() ? sum_of_products({{x, shared.a, true}}) : at::Tensor();
        for (size_t i = 0; i < group->index.size(); i++) {
            auto &index = group->index[i];
            auto part = [&](Part p) { return as(tensors[index[p]], dtype); };
            const at::Tensor &stored = tensors[index[kWeight]];
            auto &packing = group->packings[i];
            int64_t size = packing.bits ? packing.size : stored.size(1);
            TORCH_CHECK(x.dim() == 2 && size == x.size(1), "input ", x.sizes(), ", weight of ", size, " inputs");
            std::vector<Product> products{{x, group->weight(i, stored, dtype), true}};
            if (index[kA] >= 0) {
                at::Tensor b = part(kB);
                at::Tensor low = shared.first[i] >= 0 ? shared.columns(shared_low, i, b.size(1)) : sum_of_products({{part(kInput), part(kA), true}});
                products.push_back({low, b, true, group->scales[i]});
                saved.push_back(low);
            }
            outputs.push_back(sum_of_products(products, index[kBias] >= 0 ? part(kBias) : at::Tensor()));
        }
        ctx->save_for_backward(saved);
        ctx->saved_data["group"] = c10::IValue::make_capsule(group);
        return outputs;
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        auto capsule = ctx->saved_data["group"].toCapsule();
        auto &group = *static_cast<Group *>(capsule.get());
        size_t count = group.index.size(), num_tensors = 0;
        for (auto &index : group.index)
            for (int place : index) num_tensors += place >= 0;
        at::Tensor rstd, x = made_input(group, saved[0], saved[1], rstd);
        auto dtype = x.scalar_type();
        variable_list result(kTensors + num_tensors + 1);
        SharedAdapters shared(group, at::TensorList(saved).slice(kTensors, num_tensors), dtype);
        // What flows into the shared adapters' A; absent gradients count as zero.
        bool all_flow = std::all_of(gradients.begin(), gradients.end(), [](const at::Tensor &g) { return g.defined(); });
        at::Tensor shared_dlow;
        if (shared.a.defined()) {
            auto shape = {x.size(0), shared.a.size(0)};
            shared_dlow = all_flow ? at::empty(shape, x.options()) : at::zeros(shape, x.options());
        }
        // An input without a second tensor has no edge for it in the graph.
        size_t first_edge = group.kind == CT_INPUT_PLAIN ? 1 : 2;
        bool needs_first = ctx->needs_input_grad(0), needs_second = first_edge == 2 && ctx->needs_input_grad(1);
        std::vector<Product> into_input;
        size_t next_low = kTensors + num_tensors;
        for (size_t i = 0; i < count; i++) {
            auto &index = group.index[i];
            bool adapted = index[kA] >= 0;
            at::Tensor low = adapted ? saved[next_low++] : at::Tensor();
            if (!gradients[i].defined()) continue;
            at::Tensor dy = gradients[i].contiguous();
            auto part = [&](Part p) { return as(saved[kTensors + index[p]], dtype); };
            auto stored = [&](Part p) { return saved[kTensors + index[p]].scalar_type(); };
            auto needs = [&](Part p) { return index[p] >= 0 && ctx->needs_input_grad(first_edge + index[p]); };
            const at::Tensor &weight = saved[kTensors + index[kWeight]];
            if (needs_first || needs_second) into_input.push_back({dy, group.weight(i, weight, dtype)});
            if (needs(kWeight)) {
                LeafGradient gradient = leaf_gradient(weight);
                if (gradient.buffer.defined()) transposed_product_out(gradient.buffer, dy, x, 1, !gradient.is_new);
                else result[kTensors + index[kWeight]] = transposed_product(dy, x, 1, stored(kWeight));
            }
            if (needs(kBias)) result[kTensors + index[kBias]] = as(dy.sum(0, false, at::kFloat), stored(kBias));
            if (!adapted) continue;
            double scale = group.scales[i];
            if (needs(kB)) result[kTensors + index[kB]] = transposed_product(low, dy, scale, stored(kB)).t().contiguous();
            Product into_low{dy, part(kB), false, scale};
            if (shared.first[i] >= 0) {
                sum_of_products_out(shared.columns(shared_dlow, i, low.size(1)), {into_low});
            } else {
                at::Tensor dlow = sum_of_products({into_low});
                if (needs(kA)) result[kTensors + index[kA]] = transposed_product(dlow, part(kInput), 1, stored(kA));
                if (needs(kInput)) result[kTensors + index[kInput]] = sum_of_products({{dlow, part(kA)}});
            }
        }
        if (shared.a.defined()) {
            at::Tensor da = transposed_product(shared_dlow, x, 1, at::kFloat);
            for (size_t i = 0; i < count; i++) {
                auto &index = group.index[i];
                if (shared.first[i] < 0 || !gradients[i].defined() || !ctx->needs_input_grad(first_edge + index[kA])) continue;
                const at::Tensor &a = saved[kTensors + index[kA]];
                result[kTensors + index[kA]] = as(da.narrow(0, shared.first[i], a.size(0)), a.scalar_type());
            }
            into_input.push_back({shared_dlow, shared.a});
        }
        if ((!needs_first && !needs_second) || into_input.empty()) return result;
        at::Tensor dx = sum_of_products(into_input);
        switch (group.kind) {
            case CT_INPUT_NORMALIZED: std::tie(result[0], result[1]) = rms_norm_gradients(saved[0], saved[1], rstd, dx, needs_first, needs_second); break;
            case CT_INPUT_GATED: std::tie(result[0], result[1]) = gated_gradients(saved[0], saved[1], dx); break;
            default: result[0] = dx;
        }
        return result;
    }
};
}  // namespace

extern "C" bool ct_project(ct_projection_input input, const ct_projection *projections, int32_t count, ct_optional *out) {
    if (!input.first || (input.kind != CT_INPUT_PLAIN && !input.second)) return false;
    for (int32_t i = 0; i < count; i++)
        if (!projections[i].weight || (projections[i].lora_a && !projections[i].lora_b)) return false;
    return guarded<bool>("project", false, [&] {
        std::vector<at::Tensor> tensors;
        auto group = c10::make_intrusive<Group>();
        for (int32_t i = 0; i < count; i++) {
            auto &p = projections[i];
            ct_optional handles[kParts] = {p.weight, p.bias, p.lora_a, p.lora_b, p.lora_input};
            std::array<int, kParts> index;
            for (int part = 0; part < kParts; part++) {
                index[part] = handles[part] ? static_cast<int>(tensors.size()) : -1;
                if (handles[part]) tensors.push_back(borrow(handles[part]));
            }
            group->index.push_back(index);
            group->packings.push_back(p.packing);
            group->scales.push_back(p.lora_scale);
        }
        group->kind = input.kind;
        group->epsilon = input.epsilon;
        auto outputs = Project::apply(borrow(input.first), input.kind == CT_INPUT_PLAIN ? std::nullopt : borrow_optional(input.second), at::TensorList(tensors), group);
        for (int32_t i = 0; i < count; i++) out[i] = give(outputs[i]);
        return true;
    });
}
