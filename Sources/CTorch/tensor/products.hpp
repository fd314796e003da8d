// Sums of matrix products, the one place where matrices are multiplied for training.
#pragma once
#include "internal.hpp"

namespace ctorch {

/// One product of a sum: scale * left * right, or scale * left * right^T when `transposed`.
struct Product {
    at::Tensor left;   // [rows, depth]
    at::Tensor right;  // [depth, columns], or [columns, depth] when transposed; fp32 counts as rounded to left's dtype
    bool transposed = false;
    double scale = 1;
};

/// bias + the sum of the products, [rows, columns], in the left sides' dtype (all have the same) or `dtype`. In bf16 the
/// sum is kept in fp32 and rounded once, and the right sides are read where they lie: nothing is packed in memory.
at::Tensor sum_of_products(const std::vector<Product> &products, const at::Tensor &bias = {}, std::optional<at::ScalarType> dtype = {});

/// The same, written into `out`, whose rows may be part of longer ones.
void sum_of_products_out(const at::Tensor &out, const std::vector<Product> &products, const at::Tensor &bias = {});

/// left^T * right * scale for left [depth, rows] and right [depth, columns], in `dtype`: gradients of weights.
at::Tensor transposed_product(const at::Tensor &left, const at::Tensor &right, double scale, at::ScalarType dtype);

/// The same, written into `out` [rows, columns] or added to it.
void transposed_product_out(const at::Tensor &out, const at::Tensor &left, const at::Tensor &right, double scale, bool accumulates);

}  // namespace ctorch
