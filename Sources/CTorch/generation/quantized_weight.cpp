// Weights of 8 or 4 bits: made from plain ones, multiplied, turned back.
#include "generation/quantized_weight.hpp"

#include "kernels/decode.hpp"
#include "kernels/kernels.hpp"

using namespace ctorch;

namespace {
/// The codes of bitsandbytes times 2047: QLoRA's normal-float values (Dettmers et al. 2023), and one sign, two exponent
/// bits and one mantissa bit.
constexpr int16_t kNF4[16] = {-2047, -1425, -1075, -808, -582, -378, -186, 0, 163, 329, 504, 692, 902, 1152, 1480, 2047};
constexpr int16_t kFP4[16] = {0, 11, 1365, 2047, 682, 1024, 341, 512, 0, -11, -1365, -2047, -682, -1024, -341, -512};

QuantizedFormat described(const ct_quantization &q) {
    TORCH_CHECK(q.bits == 8 || q.bits == 4, "weights of ", q.bits, " bits");
    TORCH_CHECK(q.group == 32 || q.group == 64 || q.group == 128, "groups of ", q.group, " weights; 32, 64 and 128 are known");
    TORCH_CHECK(q.outs > 0 && q.size > 0, "a quantized weight of ", q.outs, " x ", q.size);
    return {q.bits, q.group, q.outs, q.size, q.code == CT_CODE_FP4 ? kFP4 : kNF4};
}
}  // namespace

namespace ctorch {
QuantizedInput::QuantizedInput(const at::Tensor &x, int64_t group) : rows(x.size(0)), size(x.size(1)), group(group) {
    wide = as(x, at::kFloat).contiguous();
    if (!has_quantized_products()) return;
    int64_t groups = (size + group - 1) / group;
    values.resize(rows * groups * group);
    scales.resize(rows * groups);
    const float *in = wide.const_data_ptr<float>();
    parallel_for(rows, 8, [&](int64_t begin, int64_t end) {
        for (int64_t m = begin; m < end; m++) quantize_row(in + m * size, size, group, values.data() + m * groups * group, scales.data() + m * groups);
    });
}

QuantizedWeight::QuantizedWeight(at::Tensor codes_in, const ct_quantization &quantization) : codes(std::move(codes_in)), format(described(quantization)) {
    TORCH_CHECK(codes.scalar_type() == at::kByte && codes.is_contiguous() && codes.numel() == format.blocks() * format.block_bytes(), "codes ", codes.sizes(),
                " for a weight of ", format.outs, " x ", format.size);
}

void QuantizedWeight::product(const QuantizedInput &x, int64_t first, int64_t outs, float *y, int64_t y_row) const {
    const uint8_t *base = codes.const_data_ptr<uint8_t>();
    thread_local std::vector<float> weights;
    for (int64_t n = 0; n < outs; n += kQuantizedOutputs) {
        const uint8_t *block = base + (first + n) / kQuantizedOutputs * format.block_bytes();
        if (has_quantized_products()) {
            quantized_products(format, block, {x.values.data(), x.scales.data()}, x.rows, y + n, y_row);
        } else {
            if (static_cast<int64_t>(weights.size()) < kQuantizedOutputs * format.size) weights.resize(kQuantizedOutputs * format.size);
            dequantize_block(format, block, weights.data(), format.size);
            decode_kernels().dots_f32(x.wide.const_data_ptr<float>(), x.rows, format.size, weights.data(), std::min(kQuantizedOutputs, outs - n), format.size,
                                      format.size, y + n, y_row);
        }
    }
}

at::Tensor QuantizedWeight::product(const at::Tensor &x) const {
    constexpr int64_t kRows = 32, kOutputs = 32;
    int64_t rows = x.size(0), total = format.outs;
    at::Tensor result = at::empty({rows, total}, x.options().dtype(at::kFloat));
    float *target = result.mutable_data_ptr<float>();
    for (int64_t start = 0; start < rows; start += kRows) {
        QuantizedInput input(x.narrow(0, start, std::min(kRows, rows - start)), format.group);
        parallel_for((total + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
            float y[kRows * kOutputs];
            for (int64_t first = begin * kOutputs; first < std::min(end * kOutputs, total); first += kOutputs) {
                int64_t outs = std::min(kOutputs, total - first);
                product(input, first, outs, y, kOutputs);
                for (int64_t m = 0; m < input.rows; m++) std::copy_n(y + m * kOutputs, outs, target + (start + m) * total + first);
            }
        });
    }
    return result;
}

at::Tensor QuantizedWeight::dequantized(at::ScalarType dtype) const {
    at::Tensor result = at::empty({format.outs, format.size}, codes.options().dtype(dtype));
    const uint8_t *base = codes.const_data_ptr<uint8_t>();
    dispatch(dtype, "dequantize", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        T *target = result.mutable_data_ptr<T>();
        parallel_for(format.blocks(), 1, [&](int64_t begin, int64_t end) {
            std::vector<float> weights(kQuantizedOutputs * format.size);
            for (int64_t b = begin; b < end; b++) {
                dequantize_block(format, base + b * format.block_bytes(), weights.data(), format.size);
                int64_t outs = std::min(kQuantizedOutputs, format.outs - b * kQuantizedOutputs);
                kernels().rows<T>().from_float(weights.data(), target + b * kQuantizedOutputs * format.size, outs * format.size, 1);
            }
        });
    });
    return result;
}
}  // namespace ctorch

extern "C" {
ct_optional ct_quantize(ct_optional weight_in, ct_quantization quantization) {
    if (!weight_in) return nullptr;
    return guarded_tensor("quantize", [&] {
        at::NoGradGuard off;
        at::Tensor weight = borrow(weight_in).contiguous();
        TORCH_CHECK(weight.dim() == 2, "a weight of shape ", weight.sizes());
        quantization.outs = weight.size(0);
        quantization.size = weight.size(1);
        QuantizedFormat format = described(quantization);
        at::Tensor codes = at::empty({format.blocks(), format.block_bytes()}, weight.options().dtype(at::kByte));
        uint8_t *target = codes.mutable_data_ptr<uint8_t>();
        dispatch(weight.scalar_type(), "quantize", [&](auto *type) {
            using T = std::remove_pointer_t<decltype(type)>;
            const T *source = weight.const_data_ptr<T>();
            parallel_for(format.blocks(), 1, [&](int64_t begin, int64_t end) {
                std::vector<float> rows(kQuantizedOutputs * format.size);
                for (int64_t b = begin; b < end; b++) {
                    int64_t first = b * kQuantizedOutputs, outs = std::min(kQuantizedOutputs, format.outs - first);
                    kernels().rows<T>().to_float(source + first * format.size, rows.data(), outs * format.size, 1);
                    quantize_block(format, rows.data(), outs, target + b * format.block_bytes());
                }
            });
        });
        return codes;
    });
}

ct_optional ct_dequantize(ct_optional codes, ct_quantization quantization, int32_t dtype) {
    if (!codes) return nullptr;
    return guarded_tensor("dequantize", [&] {
        at::NoGradGuard off;
        return QuantizedWeight(borrow(codes), quantization).dequantized(static_cast<at::ScalarType>(dtype));
    });
}
}
