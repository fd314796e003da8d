// Weights of 8 or 4 bits: codes and products.
#include "quantized.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ctorch {
namespace {
constexpr float kLargestRowValue = 8191;

float widen(uint16_t half) { return __builtin_bit_cast(float, static_cast<uint32_t>(half) << 16); }
/// Rounded to nearest; no NaN comes here.
uint16_t narrow(float value) {
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/// Byte and first bit of an input's code within the codes of a group, for output 0; an output further is `stride` bytes on.
struct Place {
    int64_t byte, shift;
};
Place place(const QuantizedFormat &format, int64_t k, int64_t n) {
    if (format.bits == 8) return {k / 2 * 32 + n * 2 + k % 2, 0};
    int64_t step = k % 8 / 2, word = k / 8 * 64 + (n * 2 + k % 2) * 2;
    return {word + step / 2, step % 2 * 4};
}

/// The nearest of 16 ascending or any values.
uint8_t nearest(const int16_t *table, float value) {
    int best = 0;
    float least = std::fabs(table[0] - value);
    for (int i = 1; i < 16; i++) {
        float distance = std::fabs(table[i] - value);
        best = distance < least ? i : best;
        least = std::min(distance, least);
    }
    return static_cast<uint8_t>(best);
}
}  // namespace

void quantize_row(const float *x, int64_t size, int64_t group, int16_t *values, float *scales) {
    for (int64_t first = 0; first < size; first += group) {
        int64_t count = std::min(group, size - first);
        float largest = 0;
        for (int64_t i = first; i < first + count; i++) largest = std::max(largest, std::fabs(x[i]));
        // What is not finite stays visible in the result.
        float scale = largest / kLargestRowValue, factor = largest > 0 && std::isfinite(largest) ? kLargestRowValue / largest : 0;
        bool is_sound = true;
        for (int64_t i = first; i < first + count; i++) is_sound &= x[i] == x[i];
        scales[first / group] = is_sound ? scale : std::nanf("");
        for (int64_t i = 0; i < group; i++) {
            float value = i < count ? x[first + i] * factor : 0;
            values[first + i] = is_sound ? static_cast<int16_t>(std::max(-kLargestRowValue, std::min(kLargestRowValue, std::nearbyint(value)))) : 0;
        }
    }
}

void quantize_block(const QuantizedFormat &format, const float *w, int64_t outs, uint8_t *block) {
    std::memset(block, 0, format.block_bytes());
    uint8_t zero = format.bits == 4 ? nearest(format.table, 0) : 0;
    float top = format.bits == 8 ? 127 : 0;
    if (format.bits == 4)
        for (int i = 0; i < 16; i++) top = std::max(top, std::fabs(static_cast<float>(format.table[i])));
    // The code of every rounded value, kept for the table that was used last.
    thread_local std::vector<uint8_t> codes;
    thread_local const int16_t *owner = nullptr;
    if (format.bits == 4 && owner != format.table) {
        owner = format.table;
        codes.resize(2 * 2048 + 1);
        for (int i = -2048; i <= 2048; i++) codes[i + 2048] = nearest(format.table, static_cast<float>(i));
    }
    for (int64_t g = 0; g < format.groups(); g++) {
        uint8_t *base = block + g * format.group_bytes(), *group = base + 2 * kQuantizedOutputs;
        for (int64_t n = 0; n < kQuantizedOutputs; n++) {
            int64_t first = g * format.group, count = n < outs ? std::min(format.group, format.size - first) : 0;
            const float *row = w + n * format.size + first;
            float largest = 0;
            for (int64_t k = 0; k < count; k++) largest = std::max(largest, std::fabs(row[k]));
            uint16_t half = narrow(largest / top);
            std::memcpy(base + n * 2, &half, 2);
            float factor = half ? 1 / widen(half) : 0;
            for (int64_t k = 0; k < format.group; k++) {
                uint8_t code = zero;
                if (k < count) {
                    float value = std::nearbyint(row[k] * factor);
                    code = format.bits == 8 ? static_cast<uint8_t>(static_cast<int8_t>(std::max(-127.0f, std::min(127.0f, value))))
                                            : codes[static_cast<int>(std::max(-2048.0f, std::min(2048.0f, value))) + 2048];
                }
                Place p = place(format, k, n);
                group[p.byte] |= static_cast<uint8_t>(code << p.shift);
            }
        }
    }
}

void dequantize_block(const QuantizedFormat &format, const uint8_t *block, float *w, int64_t row) {
    for (int64_t g = 0; g < format.groups(); g++) {
        const uint8_t *base = block + g * format.group_bytes(), *group = base + 2 * kQuantizedOutputs;
        int64_t first = g * format.group, count = std::min(format.group, format.size - first);
        for (int64_t n = 0; n < kQuantizedOutputs; n++) {
            uint16_t half;
            std::memcpy(&half, base + n * 2, 2);
            float scale = widen(half), *out = w + n * row + first;
            if (format.bits == 8) {
                for (int64_t k = 0; k < count; k++) out[k] = scale * static_cast<int8_t>(group[k / 2 * 32 + n * 2 + k % 2]);
            } else {
                float values[16];
                for (int i = 0; i < 16; i++) values[i] = scale * format.table[i];
                for (int64_t k = 0; k < count; k++) {
                    Place p = place(format, k, n);
                    out[k] = values[group[p.byte] >> p.shift & 15];
                }
            }
        }
    }
}

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
namespace {
constexpr int64_t kAheadBytes = 2048;

inline __attribute__((always_inline)) __m512i pair(const int16_t *x) {
    int32_t value;
    std::memcpy(&value, x, 4);
    return _mm512_set1_epi32(value);
}

/// kRows rows of one block. Sums within a group are integers, groups are added in order: neither the tile nor what is
/// beside a row changes its result.
template <int kRows, bool kIsByte>
inline __attribute__((always_inline)) void product_tile(const QuantizedFormat &format, const uint8_t *block, const int16_t *x, int64_t x_row,
                                                        const float *x_scales, int64_t scale_row, float *y, int64_t y_row) {
    // One row alone would wait for its own last product.
    constexpr int kChains = kRows == 1 ? 4 : kRows == 2 ? 2 : 1;
    __m512 sums[kRows];
    for (int m = 0; m < kRows; m++) sums[m] = _mm512_setzero_ps();
    __m512i table = _mm512_setzero_si512();
    if (!kIsByte) table = _mm512_broadcast_i64x4(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(format.table)));
    int64_t groups = format.groups(), group = format.group, bytes = format.group_bytes();
    for (int64_t g = 0; g < groups; g++, block += bytes) {
        __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(block));
        __m512 scales = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
        const uint8_t *codes = block + 2 * kQuantizedOutputs;
        const int16_t *in = x + g * group;
        __m512i parts[kRows][kChains];
        for (int m = 0; m < kRows; m++)
            for (int c = 0; c < kChains; c++) parts[m][c] = _mm512_setzero_si512();
        if constexpr (kIsByte) {
            for (int64_t k = 0; k < group; k += 8, codes += 128) {
                _mm_prefetch(reinterpret_cast<const char *>(codes) + kAheadBytes, _MM_HINT_T0);
                _mm_prefetch(reinterpret_cast<const char *>(codes) + kAheadBytes + 64, _MM_HINT_T0);
                for (int c = 0; c < 4; c++) {
                    __m512i w = _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(codes + c * 32)));
                    for (int m = 0; m < kRows; m++)
                        parts[m][c % kChains] = _mm512_dpwssd_epi32(parts[m][c % kChains], w, pair(in + m * x_row + k + c * 2));
                }
            }
        } else {
            for (int64_t k = 0; k < group; k += 8, codes += 64) {
                _mm_prefetch(reinterpret_cast<const char *>(codes) + kAheadBytes, _MM_HINT_T0);
                __m512i packed = _mm512_loadu_si512(codes);
                for (int c = 0; c < 4; c++) {
                    // The table stands twice in the register: the lowest bit of the next code does not matter.
                    __m512i w = _mm512_permutexvar_epi16(_mm512_srli_epi16(packed, c * 4), table);
                    for (int m = 0; m < kRows; m++)
                        parts[m][c % kChains] = _mm512_dpwssd_epi32(parts[m][c % kChains], w, pair(in + m * x_row + k + c * 2));
                }
            }
        }
        for (int m = 0; m < kRows; m++) {
            __m512i sum = parts[m][0];
            for (int c = 1; c < kChains; c++) sum = _mm512_add_epi32(sum, parts[m][c]);
            sums[m] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(scales, _mm512_set1_ps(x_scales[m * scale_row + g])), sums[m]);
        }
    }
    for (int m = 0; m < kRows; m++) _mm512_storeu_ps(y + m * y_row, sums[m]);
}

template <bool kIsByte>
void product_rows(const QuantizedFormat &format, const uint8_t *block, const QuantizedRows &x, int64_t rows, float *y, int64_t y_row) {
    int64_t x_row = format.groups() * format.group, scale_row = format.groups(), m = 0;
    auto tile = [&](auto count) __attribute__((always_inline)) {
        constexpr int kRows = decltype(count)::value;
        for (; m + kRows <= rows; m += kRows)
            product_tile<kRows, kIsByte>(format, block, x.values + m * x_row, x_row, x.scales + m * scale_row, scale_row, y + m * y_row, y_row);
    };
    tile(std::integral_constant<int, 8>());
    tile(std::integral_constant<int, 4>());
    tile(std::integral_constant<int, 2>());
    tile(std::integral_constant<int, 1>());
}
}  // namespace
#pragma clang attribute pop

bool has_quantized_products() {
    static const bool value = [] {
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512vnni");
    }();
    return value;
}
void quantized_products(const QuantizedFormat &format, const uint8_t *block, const QuantizedRows &x, int64_t rows, float *y, int64_t y_row) {
    format.bits == 8 ? product_rows<true>(format, block, x, rows, y, y_row) : product_rows<false>(format, block, x, rows, y, y_row);
}
#else
bool has_quantized_products() { return false; }
void quantized_products(const QuantizedFormat &, const uint8_t *, const QuantizedRows &, int64_t, float *, int64_t) {}
#endif
}  // namespace ctorch
