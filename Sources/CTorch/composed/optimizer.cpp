// AdamW on CUDA tensors: LibTorch's update of many tensors at once.
#include "composed.hpp"

namespace ctorch::composed {

void adamw(const std::vector<at::Tensor> &parameters, const std::vector<at::Tensor> &gradients, const std::vector<at::Tensor> &first,
           const std::vector<at::Tensor> &second, const Adam &settings) {
    at::NoGradGuard off;
    std::vector<at::Tensor> own;
    for (size_t i = 0; i < parameters.size(); i++) {
        for (auto &t : {parameters[i], first[i], second[i]}) TORCH_CHECK(t.scalar_type() == at::kFloat, "adamw takes float32 tensors");
        TORCH_CHECK(gradients[i].numel() == parameters[i].numel(), "adamw: gradient ", gradients[i].sizes(), ", parameter ", parameters[i].sizes());
        at::Tensor gradient = as(gradients[i], at::kFloat);
        own.push_back(settings.gradient_scale == 1 ? gradient : gradient * settings.gradient_scale);
    }
    // Every tensor is at the same step, which the update reads and does not change.
    at::Tensor step = at::full({}, static_cast<double>(settings.step), parameters[0].options());
    std::vector<at::Tensor> steps(parameters.size(), step);
    at::_fused_adamw_(parameters, own, first, second, {}, steps, settings.learning_rate, settings.beta1, settings.beta2, settings.weight_decay, settings.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
}

}  // namespace ctorch::composed
