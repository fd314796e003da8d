// Weights of 8 or 4 bits: codes and products.
#include "quantized.hpp"

#include <c10/util/Half.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ctorch {
namespace {
constexpr float kLargest = 127;
constexpr float kLargestHalf = 65504;
constexpr int64_t kLargestGroup = 128;

float read_half(const uint8_t *bytes) {
    uint16_t half;
    std::memcpy(&half, bytes, 2);
    return c10::detail::fp16_ieee_to_fp32_value(half);
}

/// To the nearest integer, ties to even, for |value| below 2^22.
float rounded(float value) { return value + 0x1.8p23f - 0x1.8p23f; }

float largest_of(const float *x, int64_t size) {
    float largest = 0;
    for (int64_t i = 0; i < size; i++) largest = std::max(largest, std::fabs(x[i]));
    return largest;
}

/// Scales of a group, and the bytes of inputs k ... of output n; those of four inputs more are kStride bytes further on.
constexpr int64_t kStride = kQuantizedOutputs * 4;
uint8_t *group_codes(uint8_t *group, int64_t n) { return group + 2 * kQuantizedOutputs + n * 4; }
const uint8_t *group_codes(const uint8_t *group, int64_t n) { return group + 2 * kQuantizedOutputs + n * 4; }
}  // namespace

CodeTable::CodeTable(const float (&given)[16]) {
    std::copy_n(given, 16, values);
    float least = 1e9;
    for (int step = 400; step <= 508; step++) {
        float candidate = step * 0.25f, error = 0;
        for (float value : values) {
            float distance = rounded(value * candidate) / candidate - value;
            error += distance * distance;
        }
        if (error < least) least = error, unit = candidate;
    }
    for (int i = 0; i < 16; i++) bytes[i] = static_cast<uint8_t>(128 + static_cast<int>(rounded(values[i] * unit)));
    std::iota(ascending, ascending + 16, uint8_t{0});
    std::sort(ascending, ascending + 16, [&](uint8_t a, uint8_t b) { return values[a] != values[b] ? values[a] < values[b] : a < b; });
    for (int i = 0; i < 15; i++) borders[i] = (values[ascending[i]] + values[ascending[i + 1]]) / 2;
}

void quantize_output(const QuantizedFormat &format, const float *w, int64_t n, uint8_t *block) {
    for (int64_t first = 0; first < format.size; first += format.group, block += format.group_bytes()) {
        int64_t count = std::min(format.group, format.size - first);
        uint16_t half = c10::detail::fp16_ieee_from_fp32_value(std::min(kLargestHalf, largest_of(w + first, count)));
        std::memcpy(block + n * 2, &half, 2);
        float scale = read_half(block + n * 2), factor = scale > 0 ? (format.bits == 8 ? kLargest : 1) / scale : 0;
        uint8_t values[kLargestGroup] = {}, *codes = group_codes(block, n);
        if (format.bits == 8) {
            for (int64_t k = 0; k < count; k++)
                values[k] = static_cast<uint8_t>(128 + static_cast<int>(rounded(std::max(-kLargest, std::min(kLargest, w[first + k] * factor)))));
            for (int64_t k = 0; k < format.group; k += 4, codes += kStride) std::memcpy(codes, values + k, 4);
        } else {
            for (int64_t k = 0; k < count; k++) {
                int place = 0;
                for (float border : format.table->borders) place += w[first + k] * factor > border;
                values[k] = static_cast<uint8_t>(place);
            }
            for (int64_t k = 0; k < format.group; k += 8, codes += kStride)
                for (int64_t i = 0; i < 4; i++) codes[i] = format.table->ascending[values[k + i]] | format.table->ascending[values[k + 4 + i]] << 4;
        }
    }
}

void dequantize_output(const QuantizedFormat &format, const uint8_t *block, int64_t n, float *w) {
    uint8_t bytes[4];
    for (int64_t first = 0; first < format.size; first += format.group, block += format.group_bytes()) {
        int64_t count = std::min(format.group, format.size - first);
        float scale = read_half(block + n * 2), values[16];
        const uint8_t *codes = group_codes(block, n);
        if (format.bits == 8) {
            for (int64_t k = 0; k < count; k += 4, codes += kStride) {
                std::memcpy(bytes, codes, 4);
                for (int64_t i = 0; i < std::min<int64_t>(4, count - k); i++) w[first + k + i] = scale / kLargest * static_cast<float>(bytes[i] - 128);
            }
            continue;
        }
        for (int i = 0; i < 16; i++) values[i] = scale * format.table->values[i];
        for (int64_t k = 0; k < count; k += 8, codes += kStride) {
            std::memcpy(bytes, codes, 4);
            for (int64_t i = 0; i < std::min<int64_t>(8, count - k); i++) w[first + k + i] = values[bytes[i % 4] >> (i / 4 * 4) & 15];
        }
    }
}

QuantizedRows::QuantizedRows(int64_t rows, int64_t size, int64_t group) : rows(rows), size(size), group(group), groups((size + group - 1) / group) {
    int64_t filled = (rows + kTogether - 1) / kTogether * kTogether;
    values.resize(filled * groups * group);
    scales.resize(filled * groups);
    offsets.resize(filled * groups);
}

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)
void QuantizedRows::set(int64_t row, const float *x) {
    float last[kLargestGroup] = {};
    std::copy(x + size / group * group, x + size, last);
    for (int64_t g = 0; g < groups; g++) {
        const float *in = (g + 1) * group <= size ? x + g * group : last;
        // Magnitudes compare like integers, and what is not finite is above all others.
        __m512i largest = _mm512_setzero_si512(), magnitude = _mm512_set1_epi32(0x7fffffff);
        for (int64_t i = 0; i < group; i += 16) largest = _mm512_max_epi32(largest, _mm512_and_si512(_mm512_loadu_si512(in + i), magnitude));
        auto top = __builtin_bit_cast(float, _mm512_reduce_max_epi32(largest));
        bool is_sound = std::isfinite(top);
        __m512 factor = _mm512_set1_ps(is_sound && top > 1e-30f ? kLargest / top : 0);
        __m512i sum = _mm512_setzero_si512();
        int64_t place = this->place(row, g);
        int8_t *out = values.data() + place / kTogether * kTogether * group + place % kTogether * 4;
        for (int64_t i = 0; i < group; i += 16) {
            __m512i value = is_sound ? _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(in + i), factor)) : _mm512_setzero_si512();
            sum = _mm512_add_epi32(sum, value);
            __m128i bytes = _mm512_cvtsepi32_epi8(value);
            int32_t quads[4] = {_mm_extract_epi32(bytes, 0), _mm_extract_epi32(bytes, 1), _mm_extract_epi32(bytes, 2), _mm_extract_epi32(bytes, 3)};
            for (int q = 0; q < 4; q++) std::memcpy(out + (i + q * 4) * kTogether, quads + q, 4);
        }
        // What is not finite stays visible in the result: infinity times zero.
        scales[place] = is_sound ? top / kLargest : INFINITY;
        offsets[place] = -128 * _mm512_reduce_add_epi32(sum);
    }
}

namespace {
/// How far ahead codes are fetched: the machine's own look-ahead stops at the end of a page.
constexpr int64_t kAheadBytes = 8192;

/// Four inputs of one row for all outputs.
inline __attribute__((always_inline)) __m512i quad(const int8_t *x) {
    int32_t value;
    std::memcpy(&value, x, 4);
    return _mm512_set1_epi32(value);
}

/// Codes of 4 bits as the bytes that products take.
struct Unpacking {
    explicit Unpacking(const CodeTable *table)
        : bytes(table ? _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i *>(table->bytes))) : _mm512_setzero_si512()) {}
    __m512i bytes, low = _mm512_set1_epi8(15);
    __m512i lower(__m512i codes) const { return _mm512_shuffle_epi8(bytes, _mm512_and_si512(codes, low)); }
    __m512i upper(__m512i codes) const { return lower(_mm512_srli_epi16(codes, 4)); }
};

/// y [kRows][32] += one group of kRows rows times one group of a block. Sums within a group are integers, groups are
/// added in order: no tile changes a row's result. kLines cache lines are fetched with every 128 bytes.
template <int kRows, int kBits, int kLines>
inline __attribute__((always_inline)) void group_product(const uint8_t *group, int64_t size, const Unpacking &unpacking, float unit, const QuantizedRows &x,
                                                         int64_t row, int64_t g, float *y, int64_t y_row, const char *ahead) {
    constexpr int64_t kTogether = QuantizedRows::kTogether;
    int64_t place = x.place(row, g);
    const int8_t *in = x.values.data() + place / kTogether * kTogether * size + place % kTogether * 4;
    __m512i sums[kRows][2];
    for (int m = 0; m < kRows; m++) sums[m][0] = sums[m][1] = _mm512_set1_epi32(x.offsets[place + m]);
    const uint8_t *codes = group + 2 * kQuantizedOutputs;
    for (int64_t k = 0; k < size; k += 32 / kBits, codes += kStride) {
        for (int line = 0; line < kLines; line++) _mm_prefetch(ahead, _MM_HINT_T0), ahead += 64;
        __m512i left = _mm512_loadu_si512(codes), right = _mm512_loadu_si512(codes + 64);
        auto add = [&](__m512i left, __m512i right, int64_t k) __attribute__((always_inline)) {
#pragma clang loop unroll(full)
            for (int m = 0; m < kRows; m++) {
                __m512i value = quad(in + k * kTogether + m * 4);
                sums[m][0] = _mm512_dpbusd_epi32(sums[m][0], left, value);
                sums[m][1] = _mm512_dpbusd_epi32(sums[m][1], right, value);
            }
        };
        if constexpr (kBits == 8) {
            add(left, right, k);
        } else {
            add(unpacking.lower(left), unpacking.lower(right), k);
            add(unpacking.upper(left), unpacking.upper(right), k + 4);
        }
    }
    __m512 scales[2];
    for (int v = 0; v < 2; v++) {
        __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i *>(group) + v);
        scales[v] = _mm512_cvtph_ps(halves);
    }
    for (int m = 0; m < kRows; m++) {
        __m512 scale = _mm512_set1_ps(x.scales[place + m] * unit);
        for (int v = 0; v < 2; v++) {
            float *target = y + m * y_row + v * 16;
            _mm512_storeu_ps(target, _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[m][v]), _mm512_mul_ps(scales[v], scale), _mm512_loadu_ps(target)));
        }
    }
}

template <int kBits>
void block_product(const QuantizedFormat &format, const uint8_t *block, const QuantizedRows &x, int64_t first, int64_t count, float *y, int64_t y_row) {
    Unpacking unpacking(kBits == 4 ? format.table : nullptr);
    float unit = 1 / (kBits == 4 ? format.table->unit : kLargest);
    for (int64_t m = 0; m < count; m++) std::fill_n(y + m * y_row, kQuantizedOutputs, 0.0f);
    for (int64_t g = 0; g < x.groups; g++, block += format.group_bytes()) {
        const char *ahead = reinterpret_cast<const char *>(block) + kAheadBytes;
        int64_t m = 0;
        auto tile = [&](auto rows, auto lines) __attribute__((always_inline)) {
            constexpr int kRows = decltype(rows)::value;
            group_product<kRows, kBits, decltype(lines)::value>(block, format.group, unpacking, unit, x, first + m, g, y + m * y_row, y_row, ahead);
            m += kRows;
        };
        using std::integral_constant;
        constexpr integral_constant<int, 0> none{};
        constexpr integral_constant<int, 1> one{};
        constexpr integral_constant<int, 2> both{};
        // The look-ahead is shared by the first two tiles, so that memory is asked for evenly.
        if (count >= 16) tile(integral_constant<int, 8>(), one), ahead += format.group_bytes() / 2, tile(integral_constant<int, 8>(), one);
        else if (count >= 8) tile(integral_constant<int, 8>(), both);
        else if (count >= 4) tile(integral_constant<int, 4>(), both);
        else if (count >= 2) tile(integral_constant<int, 2>(), both);
        else tile(integral_constant<int, 1>(), both);
        while (m + 8 <= count) tile(integral_constant<int, 8>(), none);
        while (m + 4 <= count) tile(integral_constant<int, 4>(), none);
        while (m < count) tile(integral_constant<int, 1>(), none);
    }
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
void quantized_products(const QuantizedFormat &format, const uint8_t *block, const QuantizedRows &x, int64_t first, int64_t count, float *y, int64_t y_row) {
    (format.bits == 8 ? block_product<8> : block_product<4>)(format, block, x, first, count, y, y_row);
}
#else
void QuantizedRows::set(int64_t, const float *) {}
bool has_quantized_products() { return false; }
void quantized_products(const QuantizedFormat &, const uint8_t *, const QuantizedRows &, int64_t, int64_t, float *, int64_t) {}
#endif
}  // namespace ctorch
