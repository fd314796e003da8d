// Projections that share one input, with their low-rank adapters, as one node of the graph: frozen weights get no
// gradient and no saved copy, the adapters' small products are done together, and the gradients of all projections
// are accumulated into one buffer.
#include "internal.hpp"

#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace {
/// Tensors of one projection in the order they travel through autograd.
enum Part { kWeight, kBias, kA, kB, kInput, kParts };

struct Project : torch::autograd::Function<Project> {
    static variable_list forward(AutogradContext *ctx, at::Tensor x_in, at::TensorList parts, std::shared_ptr<std::vector<double>> scale_list) {
        const std::vector<double> &scales = *scale_list;
        at::Tensor x = x_in.contiguous();
        int64_t count = static_cast<int64_t>(scales.size());
        auto dtype = x.scalar_type();
        variable_list outputs, low(count);
        for (int64_t i = 0; i < count; i++) {
            auto part = [&](Part p) { return parts[i * kParts + p]; };
            at::Tensor weight = as(part(kWeight), dtype);
            TORCH_CHECK(weight.size(1) == x.size(-1), "project: input ", x.sizes(), ", weight ", weight.sizes());
            at::Tensor y = part(kBias).defined() ? at::addmm(as(part(kBias), dtype), x, weight.t()) : at::mm(x, weight.t());
            if (part(kA).defined()) {
                at::Tensor input = part(kInput).defined() ? as(part(kInput), dtype) : x;
                low[i] = at::mm(input, as(part(kA), dtype).t());
                y.addmm_(low[i], as(part(kB), dtype).t(), 1, scales[i]);
            }
            outputs.push_back(y);
        }
        variable_list saved{x};
        for (auto &part : parts) saved.push_back(part);
        for (auto &l : low) saved.push_back(l);
        ctx->save_for_backward(saved);
        ctx->saved_data["scales"] = scales;
        return outputs;
    }

    static variable_list backward(AutogradContext *ctx, variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        auto scales = ctx->saved_data["scales"].toDoubleVector();
        int64_t count = static_cast<int64_t>(scales.size());
        at::Tensor x = saved[0];
        auto dtype = x.scalar_type();
        variable_list result(1 + count * kParts + 1);
        bool needs_input = ctx->needs_input_grad(0);
        at::Tensor dx;
        auto accumulate = [&](const at::Tensor &left, const at::Tensor &right) {
            if (dx.defined()) dx.addmm_(left, right);
            else dx = at::mm(left, right);
        };
        for (int64_t i = 0; i < count; i++) {
            if (!gradients[i].defined()) continue;
            at::Tensor dy = gradients[i].contiguous();
            auto part = [&](Part p) { return saved[1 + i * kParts + p]; };
            auto needs = [&](Part p) { return part(p).defined() && part(p).requires_grad(); };
            auto put = [&](Part p, at::Tensor gradient) { result[1 + i * kParts + p] = as(gradient, part(p).scalar_type()); };
            if (needs_input) accumulate(dy, as(part(kWeight), dtype));
            if (needs(kWeight)) put(kWeight, at::mm(dy.t(), x));
            if (needs(kBias)) put(kBias, dy.sum(0, false, at::kFloat));
            if (!part(kA).defined()) continue;
            at::Tensor input = part(kInput).defined() ? as(part(kInput), dtype) : x;
            at::Tensor low = saved[1 + count * kParts + i];
            at::Tensor dlow = at::mm(dy, as(part(kB), dtype)).mul_(scales[i]);
            if (needs(kB)) put(kB, at::mm(dy.t(), low).mul_(scales[i]));
            if (needs(kA)) put(kA, at::mm(dlow.t(), input));
            if (part(kInput).defined()) {
                if (needs(kInput)) put(kInput, at::mm(dlow, as(part(kA), dtype)));
            } else if (needs_input) {
                accumulate(dlow, as(part(kA), dtype));
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
        std::vector<at::Tensor> parts;
        auto scales = std::make_shared<std::vector<double>>();
        auto push = [&](ct_optional handle) { parts.push_back(handle ? borrow(handle) : at::Tensor()); };
        for (int32_t i = 0; i < count; i++) {
            push(projections[i].weight);
            push(projections[i].bias);
            push(projections[i].lora_a);
            push(projections[i].lora_b);
            push(projections[i].lora_input);
            scales->push_back(projections[i].lora_scale);
        }
        auto outputs = Project::apply(borrow(x), at::TensorList(parts), scales);
        for (int32_t i = 0; i < count; i++) out[i] = give(outputs[i]);
        return true;
    });
}
