// Weights of 16, 8 or 4 bits: made from plain ones, multiplied, turned back.
#include "tensor/packed_weight.hpp"

#include "kernels/bf16_panels.hpp"
#include "kernels/bf16_products.hpp"
#include "kernels/decode.hpp"
#include "kernels/kernels.hpp"
#include "tensor/large_pages.hpp"
#include "tensor/products.hpp"

using namespace ctorch;

namespace {
constexpr int64_t kFewRows16 = 96;          // of 128 rows neither product was the faster (Docs/performance.md)
constexpr int64_t kFewRowsQuantized = 128;  // above, a piece of work takes 128 rows at a time
constexpr int64_t kMostFewRows = std::max(kFewRows16, kFewRowsQuantized);

/// The codes of bitsandbytes: QLoRA's normal-float values (Dettmers et al. 2023), and one sign, two exponent bits and one
/// mantissa bit.
const CodeTable &nf4() {
    static const CodeTable table({-1.0f, -0.6961928f, -0.52507305f, -0.3949175f, -0.28444138f, -0.18477343f, -0.091050036f, 0.0f, 0.0795803f, 0.1609302f,
                                  0.2461123f, 0.33791524f, 0.44070983f, 0.562617f, 0.72295684f, 1.0f});
    return table;
}
const CodeTable &fp4() {
    static const CodeTable table({0.0f, 0.0052083333f, 0.6666667f, 1.0f, 0.33333334f, 0.5f, 0.16666667f, 0.25f, -0.0f, -0.0052083333f, -0.6666667f, -1.0f,
                                  -0.33333334f, -0.5f, -0.16666667f, -0.25f});
    return table;
}

const uint16_t *halves(const at::Tensor &t) { return reinterpret_cast<const uint16_t *>(t.const_data_ptr()); }

void check(const ct_packing &p) {
    TORCH_CHECK(p.outs > 0 && p.size > 0, "a packed weight of ", p.outs, " x ", p.size);
    if (p.bits == 16) {
        TORCH_CHECK(has_bf16_products(), "this machine has no products of weights packed in 16 bits");
        TORCH_CHECK(p.size % 2 == 0, "a weight of ", p.size, " inputs cannot be packed in 16 bits; their number must be even");
        return;
    }
    TORCH_CHECK(p.bits == 8 || p.bits == 4, "weights of ", p.bits, " bits");
    TORCH_CHECK(p.group == 32 || p.group == 64 || p.group == 128, "groups of ", p.group, " weights; 32, 64 and 128 are known");
}

QuantizedFormat quantized(const ct_packing &p) { return {p.bits, p.group, p.outs, p.size, p.code == CT_CODE_FP4 ? &fp4() : &nf4()}; }

/// Blocks of a weight and the bytes of each.
std::pair<int64_t, int64_t> layout(const ct_packing &p) {
    if (p.bits == 16) return {(p.outs + kPanelColumns - 1) / kPanelColumns, panel_pairs(p.size) * 4};
    return {quantized(p).blocks(), quantized(p).block_bytes()};
}

void quantize(const at::Tensor &weight, const QuantizedFormat &format, uint8_t *target) {
    dispatch(weight.scalar_type(), "pack", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *source = weight.const_data_ptr<T>();
        parallel_for(format.blocks(), 1, [&](int64_t begin, int64_t end) {
            std::vector<float> row(format.size);
            for (int64_t n = begin * kQuantizedOutputs; n < std::min(end * kQuantizedOutputs, format.outs); n++) {
                kernels().rows<T>().to_float(source + n * format.size, row.data(), format.size, 1);
                quantize_output(format, row.data(), n % kQuantizedOutputs, target + n / kQuantizedOutputs * format.block_bytes());
            }
        });
    });
}

at::Tensor dequantized(const QuantizedFormat &format, const uint8_t *base, at::ScalarType dtype) {
    at::Tensor result = at::empty({format.outs, format.size}, at::TensorOptions().dtype(dtype));
    dispatch(dtype, "unpack", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        T *target = result.mutable_data_ptr<T>();
        parallel_for(format.outs, kQuantizedOutputs, [&](int64_t begin, int64_t end) {
            std::vector<float> row(format.size);
            for (int64_t n = begin; n < end; n++) {
                dequantize_output(format, base + n / kQuantizedOutputs * format.block_bytes(), n % kQuantizedOutputs, row.data());
                kernels().rows<T>().from_float(row.data(), target + n * format.size, format.size, 1);
            }
        });
    });
    return result;
}

/// x [rows, size] times all outputs, by integers.
at::Tensor products_of_codes(const QuantizedFormat &format, const uint8_t *base, const PackedInput &x, const at::Tensor &bias, at::ScalarType dtype) {
    constexpr int64_t kRows = 128;  // their sums and one group of theirs stay in the first cache
    at::Tensor result = at::empty({x.rows, format.outs}, at::TensorOptions().dtype(dtype));
    dispatch(dtype, "quantized product", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        T *target = result.mutable_data_ptr<T>();
        const float *added = bias.defined() ? bias.const_data_ptr<float>() : nullptr;
        int64_t blocks = format.blocks();
        parallel_for((x.rows + kRows - 1) / kRows * blocks, 1, [&](int64_t begin, int64_t end) {
            float y[kRows * kQuantizedOutputs];
            for (int64_t piece = begin; piece < end; piece++) {
                int64_t row = piece / blocks * kRows, rows = std::min(kRows, x.rows - row), n = piece % blocks * kQuantizedOutputs;
                int64_t outs = std::min(kQuantizedOutputs, format.outs - n);
                quantized_products(format, base + piece % blocks * format.block_bytes(), *x.integers, row, rows, y, kQuantizedOutputs);
                for (int64_t m = 0; m < rows; m++) {
                    float *sums = y + m * kQuantizedOutputs;
                    if (added)
                        for (int64_t i = 0; i < outs; i++) sums[i] += added[n + i];
                    kernels().rows<T>().from_float(sums, target + (row + m) * format.outs + n, outs, 1);
                }
            }
        });
    });
    return result;
}

void few_rows_of_codes(const QuantizedFormat &format, const uint8_t *base, const PackedInput &x, int64_t first, int64_t outs, float *y, int64_t y_row) {
    const uint8_t *block = base + first / kQuantizedOutputs * format.block_bytes();
    if (x.integers) return quantized_products(format, block, *x.integers, 0, x.rows, y, y_row);
    thread_local std::vector<float> weights;
    if (static_cast<int64_t>(weights.size()) < kQuantizedOutputs * format.size) weights.resize(kQuantizedOutputs * format.size);
    for (int64_t n = 0; n < outs; n++) dequantize_output(format, block, n, weights.data() + n * format.size);
    decode_kernels().dots_f32(x.plain.const_data_ptr<float>(), x.rows, format.size, weights.data(), outs, format.size, format.size, y, y_row);
}
}  // namespace

namespace ctorch {
PackedInput::PackedInput(const at::Tensor &x, const ct_packing &packing) : rows(x.size(0)), size(x.size(1)), group(packing.group), bits(packing.bits), plain(x.contiguous()) {
    if (bits == 16 || !has_quantized_products()) {
        plain = as(plain, bits == 16 ? at::kBFloat16 : at::kFloat);
        return;
    }
    constexpr int64_t kTogether = QuantizedRows::kTogether;
    integers.emplace(rows, size, group);
    dispatch(plain.scalar_type(), "quantize", [&](auto *type) {
        using T = std::remove_pointer_t<decltype(type)>;
        const T *in = plain.const_data_ptr<T>();
        parallel_for((rows + kTogether - 1) / kTogether, 1, [&](int64_t begin, int64_t end) {
            std::vector<float> row(size);
            for (int64_t m = begin * kTogether; m < std::min(end * kTogether, rows); m++) {
                kernels().rows<T>().to_float(in + m * size, row.data(), size, 1);
                integers->set(m, row.data());
            }
        });
    });
}

PackedWeight::PackedWeight(at::Tensor bytes_in, const ct_packing &packing) : bytes(std::move(bytes_in)), packing(packing) {
    check(packing);
    auto [blocks, block_bytes] = layout(packing);
    TORCH_CHECK(bytes.scalar_type() == at::kByte && bytes.is_contiguous() && bytes.numel() == blocks * block_bytes, "packed bytes ", bytes.sizes(),
                " for a weight of ", packing.outs, " x ", packing.size);
}

QuantizedFormat PackedWeight::format() const { return quantized(packing); }

int64_t PackedWeight::most_few_rows() const { return packing.bits == 16 ? kFewRows16 : kFewRowsQuantized; }

void PackedWeight::few_rows(const PackedInput &x, int64_t first, int64_t outs, float *y, int64_t y_row) const {
    if (packing.bits < 16) return few_rows_of_codes(format(), bytes.const_data_ptr<uint8_t>(), x, first, outs, y, y_row);
    panel_product(halves(x.plain), x.size, x.rows, panels() + first / kPanelColumns * panel_pairs(packing.size), packing.size, y, y_row);
}

at::Tensor PackedWeight::many_rows(const PackedInput &x, const at::Tensor &bias, at::ScalarType dtype) const {
    at::Tensor wide_bias = bias.defined() ? as(bias, at::kFloat).contiguous() : bias;
    if (x.integers) return products_of_codes(format(), bytes.const_data_ptr<uint8_t>(), x, wide_bias, dtype);
    if (packing.bits < 16) return sum_of_products({{as(x.plain, dtype), unpacked(dtype), true}}, bias, dtype);
    bool is_half = dtype == at::kBFloat16;
    at::Tensor out = at::empty({x.rows, packing.outs}, x.plain.options().dtype(is_half ? at::kBFloat16 : at::kFloat));
    BF16Product product{halves(x.plain), packing.size, panels(), 0, packing.size, true, false, true};
    bf16_products(&product, 1, x.rows, packing.outs, bias.defined() ? wide_bias.const_data_ptr<float>() : nullptr, out.mutable_data_ptr(), packing.outs, !is_half);
    return as(out, dtype);
}

at::Tensor PackedWeight::logits(const at::Tensor &x) const {
    constexpr int64_t kOutputs = 32;
    int64_t rows = x.size(0), total = packing.outs;
    PackedInput input(x, packing);
    if (rows > most_few_rows()) return many_rows(input, {}, at::kFloat);
    at::Tensor result = at::empty({rows, total}, x.options().dtype(at::kFloat));
    float *target = result.mutable_data_ptr<float>();
    parallel_for((total + kOutputs - 1) / kOutputs, 1, [&](int64_t begin, int64_t end) {
        float y[kMostFewRows * kOutputs];
        for (int64_t first = begin * kOutputs; first < std::min(end * kOutputs, total); first += kOutputs) {
            int64_t outs = std::min(kOutputs, total - first);
            few_rows(input, first, outs, y, kOutputs);
            for (int64_t m = 0; m < rows; m++) std::copy_n(y + m * kOutputs, outs, target + m * total + first);
        }
    });
    return result;
}

at::Tensor PackedWeight::unpacked(at::ScalarType dtype) const {
    if (packing.bits < 16) return dequantized(format(), bytes.const_data_ptr<uint8_t>(), dtype);
    at::Tensor result = at::empty({packing.outs, packing.size}, at::TensorOptions().dtype(at::kBFloat16));
    unpack_panels(panels(), packing.outs, packing.size, reinterpret_cast<uint16_t *>(result.mutable_data_ptr()));
    return as(result, dtype);
}
}  // namespace ctorch

extern "C" {
bool ct_packs_bf16(void) { return has_bf16_products(); }

ct_optional ct_pack(ct_optional weight_in, ct_packing packing) {
    if (!weight_in) return nullptr;
    return guarded_tensor("pack", [&] {
        at::NoGradGuard off;
        at::Tensor weight = borrow(weight_in);
        TORCH_CHECK(weight.dim() == 2, "a weight of shape ", weight.sizes());
        packing.outs = weight.size(0);
        packing.size = weight.size(1);
        check(packing);
        auto [blocks, block_bytes] = layout(packing);
        at::Tensor bytes = in_large_pages({blocks, block_bytes}, at::kByte);
        uint8_t *target = bytes.mutable_data_ptr<uint8_t>();
        if (packing.bits == 16) {
            at::Tensor half = as(weight, at::kBFloat16).contiguous();
            pack_panels(halves(half), packing.outs, packing.size, reinterpret_cast<uint32_t *>(target));
        } else {
            quantize(weight.contiguous(), quantized(packing), target);
        }
        return bytes;
    });
}

ct_optional ct_unpack(ct_optional packed, ct_packing packing, int32_t dtype) {
    if (!packed) return nullptr;
    return guarded_tensor("unpack", [&] {
        at::NoGradGuard off;
        return PackedWeight(borrow(packed), packing).unpacked(static_cast<at::ScalarType>(dtype));
    });
}
}
