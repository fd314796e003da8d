// A packed weight of 16, 8 or 4 bits as projections see it.
#pragma once
#include "ctorch_inference.h"
#include "internal.hpp"
#include "kernels/quantized.hpp"

namespace ctorch {

/// Rows of an input for products with packed weights: bf16 for those of 16 bits; otherwise integers where the machine
/// multiplies those, fp32 elsewhere.
struct PackedInput {
    PackedInput(const at::Tensor &x, const ct_packing &packing);
    bool fits(const ct_packing &packing) const { return bits == 16 ? packing.bits == 16 : packing.bits < 16 && packing.group == group; }
    int64_t rows, size, group;
    int32_t bits;
    std::optional<QuantizedRows> integers;
    at::Tensor plain;
};

struct PackedWeight {
    /// Throws when the bytes are not those of such a weight.
    PackedWeight(at::Tensor bytes, const ct_packing &packing);
    at::Tensor bytes;
    ct_packing packing;

    /// Rows up to which `few_rows` is the faster product.
    int64_t most_few_rows() const;
    /// y [rows][y_row] of outputs first ..< first + outs, `first` a multiple of 32 and `outs` at most 32; room for 32
    /// outputs is written.
    void few_rows(const PackedInput &x, int64_t first, int64_t outs, float *y, int64_t y_row) const;
    /// x times the whole weight, plus the bias if there is one, in `dtype`.
    at::Tensor many_rows(const PackedInput &x, const at::Tensor &bias, at::ScalarType dtype) const;
    /// All outputs of x [rows, size] in fp32.
    at::Tensor logits(const at::Tensor &x) const;
    /// The weight [outs, size].
    at::Tensor unpacked(at::ScalarType dtype) const;

   private:
    QuantizedFormat format() const;
    const uint32_t *panels() const { return reinterpret_cast<const uint32_t *>(bytes.const_data_ptr<uint8_t>()); }
};

}  // namespace ctorch
