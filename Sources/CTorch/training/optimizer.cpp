// Optimizer updates over lists of tensors, fused and without temporaries.
#include "composed/composed.hpp"
#include "kernels/kernels.hpp"
#include "device/profile.hpp"

#include <cmath>

using namespace ctorch;

extern "C" void ct_adamw(const ct_optional *parameters, const ct_optional *gradients, const ct_optional *first_moments, const ct_optional *second_moments,
                         int32_t count, int64_t step, double learning_rate, double beta1, double beta2, double epsilon, double weight_decay,
                         double gradient_scale) {
    if (any_null(parameters, count) || any_null(gradients, count) || any_null(first_moments, count) || any_null(second_moments, count)) return;
    guarded<int>("adamw", 0, [&] {
        at::NoGradGuard off;
        if (count > 0 && composes(borrow(parameters[0]))) {
            composed::adamw(borrow_all(parameters, count), borrow_all(gradients, count), borrow_all(first_moments, count), borrow_all(second_moments, count),
                            {step, learning_rate, beta1, beta2, epsilon, weight_decay, gradient_scale});
            return 0;
        }
        Span span(CT_GROUP_OPTIMIZER, "adamw");
        double step_size = learning_rate / (1 - std::pow(beta1, static_cast<double>(step)));
        double correction = std::sqrt(1 - std::pow(beta2, static_cast<double>(step)));
        for (int32_t i = 0; i < count; i++) {
            at::Tensor p = borrow(parameters[i]), g = as(borrow(gradients[i]), at::kFloat).contiguous(), m = borrow(first_moments[i]), v = borrow(second_moments[i]);
            for (auto &t : {p, m, v}) TORCH_CHECK(t.scalar_type() == at::kFloat && t.is_contiguous(), "adamw takes contiguous float32 tensors");
            TORCH_CHECK(g.numel() == p.numel(), "adamw: gradient ", g.sizes(), ", parameter ", p.sizes());
            float *pp = p.mutable_data_ptr<float>(), *mp = m.mutable_data_ptr<float>(), *vp = v.mutable_data_ptr<float>();
            const float *gp = g.const_data_ptr<float>();
            parallel_for(p.numel(), 65536, [&](int64_t begin, int64_t end) {
                kernels().adamw(pp + begin, gp + begin, mp + begin, vp + begin, end - begin, static_cast<float>(step_size), static_cast<float>(beta1),
                                static_cast<float>(beta2), static_cast<float>(epsilon), static_cast<float>(1 - learning_rate * weight_decay),
                                static_cast<float>(correction), static_cast<float>(gradient_scale));
            });
        }
        return 0;
    });
}
