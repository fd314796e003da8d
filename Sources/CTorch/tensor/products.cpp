// Sums of matrix products: our own kernel for bf16 where the machine has it, LibTorch's products otherwise.
#include "tensor/products.hpp"

#include "composed/composed.hpp"
#include "kernels/bf16_products.hpp"
#include "device/profile.hpp"

namespace {
using namespace ctorch;

/// Fewer rows do not repay the ordering of the right side.
constexpr int64_t kFewestRows = 24;
/// Elements of a left side that are turned at a time.
constexpr int64_t kTurnedElements = 1 << 21;

bool has_unit_columns(const at::Tensor &t) { return t.dim() == 2 && t.stride(1) == 1; }

bool fits(const Product &p) {
    // A left row of odd depth would have to end in a zero.
    bool is_known = p.right.scalar_type() == at::kBFloat16 || p.right.scalar_type() == at::kFloat;
    return p.left.scalar_type() == at::kBFloat16 && is_known && has_unit_columns(p.left)
        && has_unit_columns(p.right) && p.left.size(1) % 2 == 0;
}

BF16Product described(const Product &p) {
    return {reinterpret_cast<const uint16_t *>(p.left.const_data_ptr()), p.left.stride(0),
            p.right.const_data_ptr(), p.right.stride(0), p.left.size(1), p.transposed, p.right.scalar_type() == at::kFloat};
}

void multiply(const at::Tensor &out, const std::vector<BF16Product> &products, const at::Tensor &bias, bool accumulates = false) {
    at::Tensor wide_bias = bias.defined() ? as(bias, at::kFloat).contiguous() : at::Tensor();
    bf16_products(products.data(), static_cast<int64_t>(products.size()), out.size(0), out.size(1),
                  bias.defined() ? wide_bias.const_data_ptr<float>() : nullptr, out.mutable_data_ptr(), out.stride(0), out.scalar_type() == at::kFloat, accumulates);
}

void check(const at::Tensor &out, const std::vector<Product> &products) {
    TORCH_CHECK(!products.empty(), "a sum of no products");
    for (auto &p : products) {
        int64_t depth = p.right.size(p.transposed ? 1 : 0), columns = p.right.size(p.transposed ? 0 : 1);
        TORCH_CHECK(p.left.dim() == 2 && p.left.size(0) == out.size(0) && p.left.size(1) == depth && columns == out.size(1), "product of ",
                    p.left.sizes(), " and ", p.right.sizes(), p.transposed ? " transposed" : "", " into ", out.sizes());
    }
}
}  // namespace

namespace ctorch {
void sum_of_products_out(const at::Tensor &out_in, const std::vector<Product> &products, const at::Tensor &bias) {
    at::Tensor out = out_in;
    check(out, products);
    double depth = 0;
    for (auto &p : products) depth += static_cast<double>(p.left.size(1));
    Span span(CT_GROUP_PRODUCTS, "products", 2 * depth * static_cast<double>(out.numel()));
    // A wide right side would be copied for LibTorch: few rows take the own kernel too, then.
    bool is_wide = std::any_of(products.begin(), products.end(), [](const Product &p) { return p.right.scalar_type() != p.left.scalar_type(); });
    bool own = has_bf16_products() && !composes(out) && (out.size(0) >= kFewestRows || is_wide) && has_unit_columns(out)
        && (out.scalar_type() == at::kBFloat16 || out.scalar_type() == at::kFloat) && std::all_of(products.begin(), products.end(), fits);
    if (own) {
        std::vector<BF16Product> described_products;
        std::vector<at::Tensor> kept;
        for (Product p : products) {
            if (p.scale != 1) {
                // The smaller side takes the scale: an adapter's, never the weight.
                at::Tensor &side = p.left.numel() < p.right.numel() ? p.left : p.right;
                side = side * p.scale;
                kept.push_back(side);
            }
            described_products.push_back(described(p));
        }
        return multiply(out, described_products, bias);
    }
    bool is_first = true;
    at::Tensor target = products[0].left.scalar_type() == out.scalar_type() ? out : at::empty(out.sizes(), products[0].left.options());
    for (auto &p : products) {
        at::Tensor right = as(p.transposed ? p.right.t() : p.right, p.left.scalar_type());
        if (!is_first) {
            target.addmm_(p.left, right, 1, p.scale);
        } else if (bias.defined() && p.scale == 1) {
            at::addmm_out(target, as(bias, target.scalar_type()), p.left, right);
        } else {
            at::mm_out(target, p.left, right);
            if (p.scale != 1) target.mul_(p.scale);
            if (bias.defined()) target.add_(bias);
        }
        is_first = false;
    }
    if (!target.is_same(out)) out.copy_(target);
}

at::Tensor sum_of_products(const std::vector<Product> &products, const at::Tensor &bias, std::optional<at::ScalarType> dtype) {
    TORCH_CHECK(!products.empty() && products[0].right.dim() == 2, "a sum of no products");
    auto &first = products[0];
    at::Tensor out = at::empty({first.left.size(0), first.right.size(first.transposed ? 0 : 1)}, first.left.options().dtype(dtype.value_or(first.left.scalar_type())));
    sum_of_products_out(out, products, bias);
    return out;
}

at::Tensor transposed_product(const at::Tensor &left, const at::Tensor &right, double scale, at::ScalarType dtype) {
    at::Tensor out = at::empty({left.size(1), right.size(1)}, left.options().dtype(dtype));
    transposed_product_out(out, left, right, scale, false);
    return out;
}

void transposed_product_out(const at::Tensor &out_in, const at::Tensor &left, const at::Tensor &right, double scale, bool accumulates) {
    at::Tensor out = out_in;
    int64_t depth = left.size(0), rows = left.size(1);
    TORCH_CHECK(left.dim() == 2 && right.dim() == 2 && right.size(0) == depth && out.sizes() == at::IntArrayRef({rows, right.size(1)}), "product of ",
                left.sizes(), " transposed and ", right.sizes(), " into ", out.sizes());
    Span span(CT_GROUP_PRODUCTS, "transposed product", 2 * static_cast<double>(depth) * static_cast<double>(out.numel()));
    bool own = has_bf16_products() && !composes(left) && left.scalar_type() == at::kBFloat16 && right.scalar_type() == at::kBFloat16 && has_unit_columns(right)
        && has_unit_columns(out) && (out.scalar_type() == at::kFloat || (out.scalar_type() == at::kBFloat16 && !accumulates));
    if (!own) {
        if (left.scalar_type() == out.scalar_type()) {
            if (accumulates) out.addmm_(left.t(), right, 1, scale);
            else {
                at::mm_out(out, left.t(), right);
                if (scale != 1) out.mul_(scale);
            }
        } else {
            at::Tensor product = at::mm(left.t(), right);
            if (accumulates) out.add_(product, scale);
            else out.copy_(scale != 1 ? product.mul_(scale) : product);
        }
        return;
    }
    // Turned piece by piece, so that a piece is still in cache when it is multiplied.
    at::Tensor source = has_unit_columns(left) ? left : left.contiguous();
    int64_t padded = depth + depth % 2, piece = std::clamp<int64_t>(kTurnedElements / padded, std::min<int64_t>(rows, 96), rows);
    at::Tensor turned = at::empty({piece, padded}, left.options());
    for (int64_t first = 0; first < rows; first += piece) {
        at::Tensor part = turned.narrow(0, 0, std::min(piece, rows - first));
        bf16_turn(reinterpret_cast<const uint16_t *>(source.const_data_ptr()) + first, source.stride(0), depth, part.size(0),
                  reinterpret_cast<uint16_t *>(part.mutable_data_ptr()), padded);
        if (scale != 1) part.mul_(scale);
        BF16Product product = described({part, right, false, 1});
        product.depth = depth;
        multiply(out.narrow(0, first, part.size(0)), {product}, {}, accumulates);
    }
}
}  // namespace ctorch
