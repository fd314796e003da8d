// LibTorch's own operators, one line each.
#include "internal.hpp"
#include "device/profile.hpp"

using namespace ctorch;

#define UNARY(NAME, EXPRESSION)                                      \
    ct_optional ct_##NAME(ct_optional a) {                            \
        if (!a) return nullptr;                                       \
        return guarded_tensor(#NAME, [&] { auto x = borrow(a); return EXPRESSION; }); \
    }
#define BINARY(NAME, EXPRESSION)                                     \
    ct_optional ct_##NAME(ct_optional a, ct_optional b) {             \
        if (!a || !b) return nullptr;                                 \
        return guarded_tensor(#NAME, [&] { auto x = borrow(a); auto y = borrow(b); return EXPRESSION; }); \
    }
#define WITH(NAME, PARAMETERS, EXPRESSION)                           \
    ct_optional ct_##NAME(ct_optional a, PARAMETERS) {                \
        if (!a) return nullptr;                                       \
        return guarded_tensor(#NAME, [&] { auto x = borrow(a); return EXPRESSION; }); \
    }
#define COMMA ,
#define IN_PLACE(NAME, STATEMENT) guarded<int>(NAME, 0, [&] { STATEMENT; return 0; })

extern "C" {
WITH(to_dtype, int32_t dtype, x.to(static_cast<at::ScalarType>(dtype)))
UNARY(contiguous, x.contiguous())
UNARY(clone, x.clone())
UNARY(detach, x.detach())
void ct_copy_(ct_optional destination, ct_optional source) {
    if (destination && source) IN_PLACE("copy_", borrow(destination).copy_(borrow(source)));
}
void ct_fill_(ct_optional t, double value) {
    if (t) IN_PLACE("fill_", borrow(t).fill_(value));
}
void ct_add_scaled_(ct_optional t, ct_optional other, double scale) {
    if (t && other) IN_PLACE("add_", borrow(t).add_(borrow(other), scale));
}
void ct_mul_scalar_(ct_optional t, double scale) {
    if (t) IN_PLACE("mul_", borrow(t).mul_(scale));
}
WITH(reshape, const int64_t *shape COMMA int32_t rank, x.reshape(at::IntArrayRef(shape, rank)))
WITH(transpose, int32_t first COMMA int32_t second, x.transpose(first, second))
WITH(permute, const int64_t *order COMMA int32_t rank, x.permute(at::IntArrayRef(order, rank)))
WITH(expand, const int64_t *shape COMMA int32_t rank, x.expand(at::IntArrayRef(shape, rank)))
WITH(unsqueeze, int32_t dim, x.unsqueeze(dim))
WITH(narrow, int32_t dim COMMA int64_t start COMMA int64_t length, x.narrow(dim, start, length))
WITH(select, int32_t dim COMMA int64_t index, x.select(dim, index))
ct_optional ct_index_select(ct_optional t, int32_t dim, ct_optional index) {
    if (!t || !index) return nullptr;
    return guarded_tensor("index_select", [&] { return borrow(t).index_select(dim, borrow(index)); });
}
ct_optional ct_index_put_rows(ct_optional t, ct_optional index, ct_optional rows) {
    if (!t || !index || !rows) return nullptr;
    return guarded_tensor("index_put", [&] { return at::index_copy(borrow(t), 0, borrow(index), borrow(rows)); });
}
ct_optional ct_cat(const ct_optional *tensors, int32_t count, int32_t dim) {
    if (any_null(tensors, count)) return nullptr;
    return guarded_tensor("cat", [&] { return at::cat(borrow_all(tensors, count), dim); });
}
ct_optional ct_stack(const ct_optional *tensors, int32_t count, int32_t dim) {
    if (any_null(tensors, count)) return nullptr;
    return guarded_tensor("stack", [&] { return at::stack(borrow_all(tensors, count), dim); });
}
BINARY(add, x + y)
BINARY(sub, x - y)
BINARY(mul, x * y)
BINARY(div, x / y)
WITH(add_scalar, double b, x + b)
WITH(mul_scalar, double b, x * b)
WITH(pow_scalar, double b, x.pow(b))
UNARY(neg, x.neg())
UNARY(exp, x.exp())
UNARY(log, x.log())
UNARY(sin, x.sin())
UNARY(cos, x.cos())
UNARY(sqrt, x.sqrt())
UNARY(rsqrt, x.rsqrt())
UNARY(silu, at::silu(x))
WITH(gelu, bool tanh_approximation, at::gelu(x, tanh_approximation ? "tanh" : "none"))
UNARY(sigmoid, x.sigmoid())
WITH(softmax, int32_t dim, at::softmax(x, dim))
WITH(log_softmax, int32_t dim, at::log_softmax(x, dim))
UNARY(sum, x.sum())
WITH(sum_dim, int32_t dim COMMA bool keep, x.sum(dim, keep))
WITH(mean_dim, int32_t dim COMMA bool keep, x.mean(dim, keep))
WITH(max_dim, int32_t dim, std::get<0>(x.max(dim)))
WITH(argmax, int32_t dim, x.argmax(dim))
WITH(argsort, bool descending, x.argsort(/*stable=*/true, /*dim=*/-1, descending))
WITH(cumsum, int32_t dim, x.cumsum(dim))
BINARY(matmul, at::matmul(x, y))
ct_optional ct_linear(ct_optional x, ct_optional weight, ct_optional bias) {
    if (!x || !weight) return nullptr;
    return guarded_tensor("linear", [&] { return at::linear(borrow(x), borrow(weight), borrow_optional(bias)); });
}
BINARY(gather_last, x.gather(-1, y))
ct_optional ct_masked_fill(ct_optional a, ct_optional mask, double value) {
    if (!a || !mask) return nullptr;
    return guarded_tensor("masked_fill", [&] { return borrow(a).masked_fill(borrow(mask), value); });
}
WITH(less, double b, x < b)
WITH(dropout, double p, at::dropout(x, p, true))
UNARY(multinomial, at::multinomial(x, 1))
double ct_total_norm(const ct_optional *tensors, int32_t count) {
    if (count == 0 || any_null(tensors, count)) return 0;
    return guarded<double>("total_norm", 0, [&] {
        Span span(CT_GROUP_OPTIMIZER, "gradient norm");
        std::vector<at::Tensor> norms;
        for (auto &tensor : borrow_all(tensors, count)) norms.push_back(at::linalg_vector_norm(tensor, 2, std::nullopt, false, at::kFloat));
        return at::linalg_vector_norm(at::stack(norms)).item<double>();
    });
}
void ct_uniform_(ct_optional t, double low, double high) {
    if (t) IN_PLACE("uniform_", at::NoGradGuard off; borrow(t).uniform_(low, high));
}
void ct_normal_(ct_optional t, double mean, double std) {
    if (t) IN_PLACE("normal_", at::NoGradGuard off; borrow(t).normal_(mean, std));
}
ct_optional ct_randperm(int64_t n) {
    return guarded_tensor("randperm", [&] { return at::randperm(n, at::kLong); });
}
}
