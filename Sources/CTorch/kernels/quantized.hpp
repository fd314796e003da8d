// Weights of 8 or 4 bits, and their products with rows of 8 bits.
//
// A weight [outs, size] lies in blocks of 32 outputs, a block in groups of `group` inputs, a group as 32 fp16 scales
// and then the codes in the order in which a product needs them: [inputs / 4][32 outputs][4] bytes of 8 bits, each 128
// more than its value; or, with 4 bits, [inputs / 8][32 outputs][4] bytes with inputs 0 to 3 in the lower and 4 to 7 in
// the upper halves. A group has at most 128 inputs. What is beyond the last input or output means nothing. A weight is
// worth the scale times its code's 127th part (8 bits) or table[code] (4 bits).
#pragma once
#include <cstdint>
#include <vector>

namespace ctorch {

constexpr int64_t kQuantizedOutputs = 32;

/// What codes of 4 bits are worth: at most 1, zero among them.
struct CodeTable {
    explicit CodeTable(const float (&values)[16]);
    float values[16];
    /// For products: values times `unit`, rounded, plus 128. The unit is the one that rounds them best.
    uint8_t bytes[16];
    float unit;
    /// Codes in the order of their values, and the border above each but the last.
    uint8_t ascending[16];
    float borders[15];
};

struct QuantizedFormat {
    int64_t bits, group, outs, size;
    const CodeTable *table;  // of 4 bits

    int64_t blocks() const { return (outs + kQuantizedOutputs - 1) / kQuantizedOutputs; }
    int64_t groups() const { return (size + group - 1) / group; }
    int64_t group_bytes() const { return kQuantizedOutputs * (2 + group * bits / 8); }
    int64_t block_bytes() const { return groups() * group_bytes(); }
};

/// Rows as integers of -127 to 127, for each group of a row with its scale and what the 128 that codes have too much make.
/// Eight rows lie together, so that a product finds all of them from one place.
struct QuantizedRows {
    static constexpr int64_t kTogether = 8;

    QuantizedRows(int64_t rows, int64_t size, int64_t group);
    /// Rows that lie together are not to be set by several threads at once.
    void set(int64_t row, const float *x);

    int64_t rows, size, group, groups;
    std::vector<int8_t> values;    // [rows / 8][groups][group / 4][8][4]
    std::vector<float> scales;     // [rows / 8][groups][8]
    std::vector<int32_t> offsets;  // like the scales

    int64_t place(int64_t row, int64_t g) const { return (row / kTogether * groups + g) * kTogether + row % kTogether; }
};

/// Writes the codes of output `n` of a block.
void quantize_output(const QuantizedFormat &format, const float *w, int64_t n, uint8_t *block);
/// The weights that output `n` of a block stands for.
void dequantize_output(const QuantizedFormat &format, const uint8_t *block, int64_t n, float *w);

/// Whether this machine has the product below.
bool has_quantized_products();
/// y[m][0 ..< 32] of one block for rows first ..< first + count of x, `first` a multiple of 8. A row's sums do not depend on what is beside it.
void quantized_products(const QuantizedFormat &format, const uint8_t *block, const QuantizedRows &x, int64_t first, int64_t count, float *y,
                        int64_t y_row);

}  // namespace ctorch
