// The graph: leaves, backward, and a segment that is recomputed.
#include "composed/composed.hpp"
#include "internal.hpp"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

using namespace ctorch;

namespace {
/// The closure of a recomputed segment, released with the last graph that can run it.
struct Segment {
    ct_optional (*const forward)(void *, ct_tensor);
    void (*const release)(void *);
    void *const context;

    Segment(ct_optional (*forward)(void *, ct_tensor), void (*release)(void *), void *context) : forward(forward), release(release), context(context) {}
    // A copy would release the closure twice.
    Segment(const Segment &) = delete;
    ~Segment() { release(context); }

    at::Tensor run(const at::Tensor &input) const {
        ct_optional handle = give(input);
        ct_optional result = forward(context, handle);
        ct_free(handle);
        if (!result && ct_error_pending() && !input.is_cpu()) {
            // The backward pass may run on a thread of LibTorch, whose record nobody reads.
            std::string cause = std::string(ct_error_operator()) + ": " + ct_error_message();
            ct_error_clear();
            TORCH_CHECK(false, "the recomputed segment failed in ", cause);
        }
        TORCH_CHECK(result != nullptr, "the recomputed segment failed");
        at::Tensor output = borrow(result);
        ct_free(result);
        return output;
    }
};

struct SegmentHolder : torch::CustomClassHolder {
    std::shared_ptr<Segment> segment;
};

struct Recompute : torch::autograd::Function<Recompute> {
    /// `output` is what the first run gave, without its graph.
    static at::Tensor forward(torch::autograd::AutogradContext *ctx, at::Tensor input, const at::Tensor *output, bool needs_input,
                              std::shared_ptr<Segment> segment, const RandomState *state) {
        ctx->save_for_backward({input, state->cpu, state->cuda});
        auto holder = c10::make_intrusive<SegmentHolder>();
        holder->segment = segment;
        ctx->saved_data["segment"] = c10::IValue::make_capsule(holder);
        ctx->saved_data["needs_input"] = needs_input;
        return *output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx, torch::autograd::variable_list gradients) {
        auto saved = ctx->get_saved_variables();
        auto capsule = ctx->saved_data["segment"].toCapsule();
        auto segment = static_cast<SegmentHolder *>(capsule.get())->segment;
        // Dropout in the second run must draw what it drew in the first.
        RandomState now = RandomState::of(saved[0].device());
        RandomState{saved[1], saved[2], saved[0].device()}.restore();
        at::Tensor leaf = saved[0].detach();
        leaf.set_requires_grad(ctx->saved_data["needs_input"].toBool());
        {
            at::AutoGradMode on(true);
            at::Tensor output = segment->run(leaf);
            torch::autograd::backward({output}, {gradients[0]});
        }
        now.restore();
        return {leaf.grad(), at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};
}  // namespace

extern "C" {
void ct_set_requires_grad(ct_optional t, bool requires_grad) {
    if (t) guarded<int>("requires_grad_", 0, [&] { borrow(t).set_requires_grad(requires_grad); return 0; });
}
bool ct_requires_grad(ct_optional t) { return t && borrow(t).requires_grad(); }
ct_optional ct_grad(ct_optional t) {
    if (!t) return nullptr;
    at::Tensor gradient = borrow(t).grad();
    return gradient.defined() ? give(gradient) : nullptr;
}
void ct_clear_grad(ct_optional t) {
    if (t) borrow(t).mutable_grad() = at::Tensor();
}
void ct_backward(ct_optional loss, ct_optional gradient) {
    if (!loss) return;
    guarded<int>("backward", 0, [&] {
        torch::autograd::variable_list seeds;
        if (gradient) seeds.push_back(borrow(gradient));
        torch::autograd::backward({borrow(loss)}, seeds);
        return 0;
    });
}
ct_optional ct_recompute(ct_optional input, ct_optional (*forward)(void *, ct_tensor), void (*release)(void *), void *context) {
    auto segment = std::make_shared<Segment>(forward, release, context);
    if (!input) return nullptr;
    return guarded_tensor("recompute", [&] {
        RandomState state = RandomState::of(borrow(input).device());
        // The first run makes a graph only to see whether something in it is trained: the first layer's input needs no
        // gradient when an adapter is trained, and a frozen tower needs no second run at all.
        at::Tensor start = borrow(input), leaf = start.detach();
        leaf.set_requires_grad(start.requires_grad());
        at::Tensor output = segment->run(leaf);
        if (!output.requires_grad()) return output;
        output = output.detach();
        if (!start.requires_grad()) leaf.set_requires_grad(true);
        return Recompute::apply(start.requires_grad() ? start : leaf, &output, start.requires_grad(), segment, &state);
    });
}
}
