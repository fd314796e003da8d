// One pass over the output layer.
#include "training/output_layer.hpp"

#include "device/profile.hpp"
#include "kernels/bf16_products.hpp"
#include "kernels/bf16_vocabulary.hpp"
#include "kernels/kernels.hpp"
#include "tensor/products.hpp"

namespace ctorch {
void OutputLayer::check(const char *op) const {
    int64_t rows = hidden.size(0), vocabulary = weight.size(0);
    TORCH_CHECK(hidden.dim() == 2 && weight.dim() == 2 && hidden.size(1) == weight.size(1) && labels.numel() == rows, op, ": hidden ", hidden.sizes(),
                ", weight ", weight.sizes(), ", labels ", labels.sizes());
    const int64_t *label = labels.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < rows; i++)
        TORCH_CHECK(label[i] >= 0 && label[i] < vocabulary, op, ": label ", label[i], " is outside the vocabulary of ", vocabulary);
}

bool OutputLayer::fits_vocabulary_kernel() const {
    bool is_known = weight.scalar_type() == at::kBFloat16 || weight.scalar_type() == at::kFloat;
    return has_bf16_products() && hidden.scalar_type() == at::kBFloat16 && is_known && hidden.is_contiguous() && weight.is_contiguous()
        && hidden.size(1) % 2 == 0;
}

void OutputLayer::pass(const float *scales, Results results) const {
    // The gradient of a trained weight takes probabilities, which are there only once the sums are complete.
    if (!results.dweight.buffer.defined() && fits_vocabulary_kernel()) {
        double products = results.dhidden.defined() ? 2 : 1;
        Span span(CT_GROUP_OUTPUT, "vocabulary", 2 * products * static_cast<double>(hidden.numel()) * static_cast<double>(weight.size(0)));
        void *gradient = results.dhidden.defined() ? results.dhidden.mutable_data_ptr() : nullptr;
        return bf16_cross_entropy({reinterpret_cast<const uint16_t *>(hidden.const_data_ptr()), weight.const_data_ptr(), weight.scalar_type() == at::kFloat,
                                   hidden.size(0), hidden.size(1), weight.size(0), labels.const_data_ptr<int64_t>(), scales, results.losses, results.hits,
                                   static_cast<uint16_t *>(gradient)});
    }
    pass_in_blocks(scales, results);
}

void OutputLayer::pass_in_blocks(const float *scales, Results results) const {
    int64_t rows = hidden.size(0), vocabulary = weight.size(0);
    bool needs_gradient = results.dhidden.defined() || results.dweight.buffer.defined();
    const int64_t *label = labels.const_data_ptr<int64_t>();
    at::Tensor logits = at::empty({std::min(block_rows, rows), vocabulary}, hidden.options());
    for (int64_t first = 0; first < rows; first += block_rows) {
        int64_t count = std::min(block_rows, rows - first);
        at::Tensor x = hidden.narrow(0, first, count), block = logits.narrow(0, 0, count);
        sum_of_products_out(block, {{x, weight, true}});
        dispatch(hidden.scalar_type(), "the output layer", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            T *base = block.mutable_data_ptr<T>();
            parallel_for(count, 1, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                    bool hit = false;
                    float scale = !needs_gradient ? 0 : scales ? scales[first + i] : 1;
                    float loss = kernels().rows<T>().cross_entropy(base + i * vocabulary, vocabulary, label[first + i], scale, &hit);
                    if (results.losses) results.losses[first + i] = loss;
                    if (results.hits) results.hits[first + i] = hit;
                    // A row of scale zero has no gradient; the kernel left its logits.
                    if (needs_gradient && scale == 0) std::fill_n(base + i * vocabulary, vocabulary, T(0));
                }
            });
        });
        if (results.dhidden.defined()) {
            at::Tensor out = results.dhidden.narrow(0, first, count);
            sum_of_products_out(out, {{block, weight}});
        }
        if (results.dweight.buffer.defined()) transposed_product_out(results.dweight.buffer, block, x, 1, !results.dweight.is_new || first > 0);
    }
    if (rows == 0 && results.dweight.is_new) results.dweight.buffer.zero_();
}
}  // namespace ctorch
