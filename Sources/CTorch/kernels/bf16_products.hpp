// Products of bf16 matrices for machines with AVX512-BF16.
#pragma once
#include <cstdint>

namespace ctorch {

/// One product of a sum, in elements: left [rows, depth] with rows `left_row` apart; right [depth, columns], or
/// [columns, depth] when transposed, with rows `right_row` apart. A transposed product has an even depth; otherwise a row
/// of an odd depth ends in a zero. The right side is bf16, or fp32 that is rounded as it is read, or bf16 panels
/// (bf16_panels.hpp), of an even depth.
struct BF16Product {
    const uint16_t *left;
    int64_t left_row;
    const void *right;
    int64_t right_row;
    int64_t depth;
    bool transposed;
    bool is_right_wide;
    bool is_right_packed = false;
};

/// Whether this machine has the instructions.
bool has_bf16_products();

/// out[rows, columns] = bias + the sum of the products, kept in fp32. `bias` [columns] may be null; `out` is bf16, or fp32
/// when `wide`; a wide one may be `added` to, then there is no bias.
void bf16_products(const BF16Product *products, int64_t count, int64_t rows, int64_t columns, const float *bias, void *out, int64_t out_row, bool wide,
                   bool added = false);

/// out[columns, depth] = left[depth, columns] turned; rows of `out` lie `out_row` apart, at least `depth` made even, and an odd
/// depth ends in a zero.
void bf16_turn(const uint16_t *left, int64_t left_row, int64_t depth, int64_t columns, uint16_t *out, int64_t out_row);

}  // namespace ctorch
