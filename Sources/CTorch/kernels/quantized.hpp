// Weights of 8 or 4 bits for generation, and their products with few rows.
//
// A weight [outs, size] lies in blocks of 16 outputs, a block in groups of `group` inputs, a group as 16 bfloat16 scales
// and then the codes in the order in which a product needs them: [pairs of inputs][16 outputs][2], as bytes, or, with 4
// bits, four such pairs in one: the word of (output, input mod 2) holds inputs + 0, 2, 4 and 6 from its lowest bits up.
// Both ends are filled with zeros. A weight is worth table[code] (4 bits) or code (8 bits), times the scale.
#pragma once
#include <cstdint>

namespace ctorch {

constexpr int64_t kQuantizedOutputs = 16;

struct QuantizedFormat {
    int64_t bits, group, outs, size;
    /// 16 values up to ±2047; a code of zero is worth zero where the weight is.
    const int16_t *table;

    int64_t blocks() const { return (outs + kQuantizedOutputs - 1) / kQuantizedOutputs; }
    int64_t groups() const { return (size + group - 1) / group; }
    int64_t group_bytes() const { return kQuantizedOutputs * (2 + group * bits / 8); }
    int64_t block_bytes() const { return groups() * group_bytes(); }
};

/// Rows as integers up to ±8191 (13 bits: finer than bfloat16, and 128 of their products with a table's values fit 32
/// bits), with a scale for every group of a row.
struct QuantizedRows {
    const int16_t *values;  // [rows][groups * group]
    const float *scales;    // [rows][groups]
};
void quantize_row(const float *x, int64_t size, int64_t group, int16_t *values, float *scales);

/// Codes of 16 outputs: `w` [outs, size] with at most 16 rows.
void quantize_block(const QuantizedFormat &format, const float *w, int64_t outs, uint8_t *block);
/// The weights that the codes stand for: [16, size] with rows `row` apart.
void dequantize_block(const QuantizedFormat &format, const uint8_t *block, float *w, int64_t row);

/// Whether this machine has the product below.
bool has_quantized_products();
/// y[m][0 ..< 16] of one block for m < rows.
void quantized_products(const QuantizedFormat &format, const uint8_t *block, const QuantizedRows &x, int64_t rows, float *y, int64_t y_row);

}  // namespace ctorch
