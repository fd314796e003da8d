// Projections that share one input, with their low-rank adapters, as one node of the graph: frozen weights get no
// gradient and no saved copy, and the gradients of all projections are accumulated into one buffer.
#include "internal.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <array>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
enum Part { kWeight, kBias, kA, kB, kInput, kParts };

/// Which tensor of the flat list each projection's parts are, -1 for an absent one, and the adapters' scales.
struct Group : torch::CustomClassHolder {
    std::vector<std::array<int, kParts>> index;
    std::vector<double> scales;
};

struct Project : torch::autograd::Function<Project> {
    static variable_list forward(AutogradContext *ctx, at::Tensor x_in, at::TensorList tensors, c10::intrusive_ptr<Group> group) {
        at::Tensor x = x_in.contiguous();
        auto dtype = x.scalar_type();
        variable_list outputs, saved{x};
        saved.insert(saved.end(), tensors.begin(), tensors.end());
        for (size_t i = 0; i < group->index.size(); i++) {
            auto &index = group->index[i];
            auto part = [&](Part p) { return as(tensors[index[p]], dtype); };
            at::Tensor weight = part(kWeight);
            TORCH_CHECK(x.dim() == 2 && weight.size(1) == x.size(1), "input ", x.sizes(), ", weight ", weight.sizes());
            at::Tensor y = index[kBias] >= 0 ? at::addmm(part(kBias), x, weight.t()) : at::mm(x, weight.t());
            if (index[kA] >= 0) {
                at::Tensor low = at::mm(index[kInput] >= 0 ? part(kInput) : x, part(kA).t());
                y.addmm_(low, part(kB).t(), 1, group->scales[i]);
                saved.push_back(low);
            }
            outputs.push_back(y);
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
        at::Tensor x = saved[0];
        auto dtype = x.scalar_type();
        variable_list result(1 + num_tensors + 1);
        bool needs_input = ctx->needs_input_grad(0);
        at::Tensor dx;
        auto accumulate = [&](const at::Tensor &left, const at::Tensor &right) {
            if (dx.defined()) dx.addmm_(left, right);
            else dx = at::mm(left, right);
        };
        size_t next_low = 1 + num_tensors;
        for (size_t i = 0; i < count; i++) {
            auto &index = group.index[i];
            bool adapted = index[kA] >= 0;
            at::Tensor low = adapted ? saved[next_low++] : at::Tensor();
            if (!gradients[i].defined()) continue;
            at::Tensor dy = gradients[i].contiguous();
            auto part = [&](Part p) { return as(saved[1 + index[p]], dtype); };
            auto needs = [&](Part p) { return index[p] >= 0 && ctx->needs_input_grad(1 + index[p]); };
            auto put = [&](Part p, at::Tensor gradient) { result[1 + index[p]] = as(gradient, saved[1 + index[p]].scalar_type()); };
            if (needs_input) accumulate(dy, part(kWeight));
            if (needs(kWeight)) put(kWeight, at::mm(dy.t(), x));
            if (needs(kBias)) put(kBias, dy.sum(0, false, at::kFloat));
            if (!adapted) continue;
            at::Tensor dlow = at::mm(dy, part(kB)).mul_(group.scales[i]);
            if (needs(kB)) put(kB, at::mm(dy.t(), low).mul_(group.scales[i]));
            if (needs(kA)) put(kA, at::mm(dlow.t(), index[kInput] >= 0 ? part(kInput) : x));
            if (index[kInput] >= 0) {
                if (needs(kInput)) put(kInput, at::mm(dlow, part(kA)));
            } else if (needs_input) {
                accumulate(dlow, part(kA));
            }
        }
        result[0] = dx;
        return result;
    }
};
}  // namespace

extern "C" bool ct_project(ct_optional x, const ct_projection *projections, int32_t count, ct_optional *out) {
    if (!x) return false;
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
            group->scales.push_back(p.lora_scale);
        }
        auto outputs = Project::apply(borrow(x), at::TensorList(tensors), group);
        for (int32_t i = 0; i < count; i++) out[i] = give(outputs[i]);
        return true;
    });
}
