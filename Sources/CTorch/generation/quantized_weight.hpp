// A weight of 8 or 4 bits as the projections of generation see it.
#pragma once
#include "ctorch_inference.h"
#include "internal.hpp"
#include "kernels/quantized.hpp"

namespace ctorch {

/// Rows of an input for products with codes: integers where the machine multiplies those, fp32 otherwise.
struct QuantizedInput {
    QuantizedInput(const at::Tensor &x, int64_t group);
    int64_t rows, size, group;
    std::vector<int16_t> values;
    std::vector<float> scales;
    at::Tensor wide;
};

struct QuantizedWeight {
    /// Throws when the codes are not those of such a weight.
    QuantizedWeight(at::Tensor codes, const ct_quantization &quantization);
    at::Tensor codes;
    QuantizedFormat format;

    /// y [rows][outs] of outputs first ..< first + outs, `first` a multiple of 16 and `outs` at most 32; whole blocks of
    /// 16 outputs are written.
    void product(const QuantizedInput &x, int64_t first, int64_t outs, float *y, int64_t y_row) const;
    /// All outputs of x [rows, size] in fp32.
    at::Tensor product(const at::Tensor &x) const;
    /// The weight [outs, size].
    at::Tensor dequantized(at::ScalarType dtype) const;
};

}  // namespace ctorch
