// The loops of generation. Included once per instruction set, inside that set's namespace and target attribute.
// CT_BF16_DOT: the set has a product of bfloat16 pairs.

#define CT_INLINE inline __attribute__((always_inline))

constexpr int kLanes = 16;
/// How far ahead weights that are read in the order in which they lie are asked for: the machine's own look-ahead stops
/// at the end of a page.
constexpr int64_t kAheadBytes = 4096;
/// How far behind the rows that come next weights are brought into the second cache: from memory they take longer than
/// the rows in between.
constexpr int64_t kFarBytes = 16384;
/// Longest part of the depth that several rows pass at once: they stay in the first cache while the outputs pass.
constexpr int64_t kDepth = 1216;
template <int kValue>
using Count = std::integral_constant<int, kValue>;

/// Sums that wait while other outputs pass a part of the depth. Without parts there are none.
struct Kept {
    float *sums = nullptr;
    bool is_first = true, is_last = true;
    Kept after(int64_t vectors) const { return {sums + vectors * kLanes, is_first, is_last}; }
};
typedef float Lanes __attribute__((vector_size(64), aligned(4)));
typedef uint32_t WordLanes __attribute__((vector_size(64), aligned(4)));
typedef uint16_t HalfLanes __attribute__((vector_size(32), aligned(2)));

CT_INLINE Lanes load_lanes(const float *p) { return *reinterpret_cast<const Lanes *>(p); }
CT_INLINE Lanes load_lanes(const c10::BFloat16 *p) {
    WordLanes words = __builtin_convertvector(*reinterpret_cast<const HalfLanes *>(p), WordLanes);
    return (Lanes)(words << 16);
}
CT_INLINE void store_lanes(float *p, Lanes v) { *reinterpret_cast<Lanes *>(p) = v; }
CT_INLINE float one(float v) { return v; }
CT_INLINE float one(c10::BFloat16 v) { return __builtin_bit_cast(float, static_cast<uint32_t>(v.x) << 16); }
CT_INLINE float sum_lanes(Lanes v) {
    float parts[kLanes];
    store_lanes(parts, v);
    for (int width = kLanes / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) parts[i] += parts[i + width];
    return parts[0];
}

/// Fetches line i of kAhead rows of weights at `ahead`, and of what lies kFarBytes behind them: rows are too short for the
/// machine's own look-ahead, and without it most of the time goes by waiting for memory.
template <int kAhead, typename T>
CT_INLINE void fetch(const T *ahead, int64_t w_row, int64_t i) {
    for (int n = 0; n < kAhead; n++) {
        const T *line = ahead + n * w_row + i;
        __builtin_prefetch(line);
        __builtin_prefetch(reinterpret_cast<const char *>(line) + kFarBytes, 0, 2);
    }
}

/// A tile of kRows x kOuts dot products; kAhead rows of weights at `ahead` are fetched meanwhile.
template <int kRows, int kOuts, int kAhead, typename T>
CT_INLINE void dot_tile(const T *x, int64_t x_row, const T *w, int64_t w_row, int64_t size, float *y, int64_t y_row, const T *ahead, Kept) {
    Lanes sums[kRows][kOuts] = {};
    int64_t i = 0;
    for (; i + kLanes <= size; i += kLanes) {
        fetch<kAhead>(ahead, w_row, i);
        Lanes outs[kOuts];
        for (int n = 0; n < kOuts; n++) outs[n] = load_lanes(w + n * w_row + i);
        for (int m = 0; m < kRows; m++) {
            Lanes row = load_lanes(x + m * x_row + i);
            for (int n = 0; n < kOuts; n++) sums[m][n] += row * outs[n];
        }
    }
    for (int m = 0; m < kRows; m++)
        for (int n = 0; n < kOuts; n++) {
            float sum = sum_lanes(sums[m][n]);
            for (int64_t j = i; j < size; j++) sum += one(x[m * x_row + j]) * one(w[n * w_row + j]);
            y[m * y_row + n] = sum;
        }
}

#if defined(CT_BF16_DOT)
CT_INLINE __m512bh load_pairs(const c10::BFloat16 *p) { return (__m512bh)_mm512_loadu_si512(p); }
CT_INLINE __m512bh load_pairs(const c10::BFloat16 *p, __mmask32 mask) { return (__m512bh)_mm512_maskz_loadu_epi16(mask, p); }

/// The sums of four vectors.
CT_INLINE __m128 sum_four(__m512 a, __m512 b, __m512 c, __m512 d) {
    __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    __m512 parts = _mm512_add_ps(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xEE));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(parts), _mm512_extractf32x8_ps(parts, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

template <int kRows, int kOuts, int kAhead>
CT_INLINE void dot_tile(const c10::BFloat16 *x, int64_t x_row, const c10::BFloat16 *w, int64_t w_row, int64_t size, float *y, int64_t y_row,
                        const c10::BFloat16 *ahead, Kept kept) {
    __m512 sums[kRows][kOuts];
    for (int m = 0; m < kRows; m++)
        for (int n = 0; n < kOuts; n++) sums[m][n] = kept.is_first ? _mm512_setzero_ps() : _mm512_loadu_ps(kept.sums + (m * kOuts + n) * kLanes);
    int64_t i = 0;
    for (; i + 32 <= size; i += 32) {
        fetch<kAhead>(ahead, w_row, i);
        __m512bh outs[kOuts];
        for (int n = 0; n < kOuts; n++) outs[n] = load_pairs(w + n * w_row + i);
        for (int m = 0; m < kRows; m++) {
            __m512bh row = load_pairs(x + m * x_row + i);
            for (int n = 0; n < kOuts; n++) sums[m][n] = _mm512_dpbf16_ps(sums[m][n], row, outs[n]);
        }
    }
    if (i < size) {
        __mmask32 mask = (1u << (size - i)) - 1;
        for (int m = 0; m < kRows; m++) {
            __m512bh row = load_pairs(x + m * x_row + i, mask);
            for (int n = 0; n < kOuts; n++) sums[m][n] = _mm512_dpbf16_ps(sums[m][n], row, load_pairs(w + n * w_row + i, mask));
        }
    }
    if (!kept.is_last) {
        for (int m = 0; m < kRows; m++)
            for (int n = 0; n < kOuts; n++) _mm512_storeu_ps(kept.sums + (m * kOuts + n) * kLanes, sums[m][n]);
        return;
    }
    for (int m = 0; m < kRows; m++)
        if constexpr (kOuts == 4) {
            _mm_storeu_ps(y + m * y_row, sum_four(sums[m][0], sums[m][1], sums[m][2], sums[m][3]));
        } else {
            for (int n = 0; n < kOuts; n++) y[m * y_row + n] = _mm512_reduce_add_ps(sums[m][n]);
        }
}

/// Four outputs of at most four rows of input, one output after another: weights arrive sooner in the order in which they
/// lie. Every output is summed in the same order as in a tile.
template <int kRows>
CT_INLINE void dot_stream(const c10::BFloat16 *x, int64_t x_row, const c10::BFloat16 *w, int64_t w_row, int64_t size, float *y, int64_t y_row) {
    __m512 sums[4][kRows];
    int64_t whole = size / 32 * 32;
    __mmask32 mask = (1u << (size - whole)) - 1;
    for (int n = 0; n < 4; n++) {
        const c10::BFloat16 *row = w + n * w_row;
        for (int m = 0; m < kRows; m++) sums[n][m] = _mm512_setzero_ps();
        for (int64_t i = 0; i < whole; i += 32) {
            __builtin_prefetch(reinterpret_cast<const char *>(row + i) + kAheadBytes, 0, 0);
            __m512bh out = load_pairs(row + i);
            for (int m = 0; m < kRows; m++) sums[n][m] = _mm512_dpbf16_ps(sums[n][m], load_pairs(x + m * x_row + i), out);
        }
        if (mask) {
            __m512bh out = load_pairs(row + whole, mask);
            for (int m = 0; m < kRows; m++) sums[n][m] = _mm512_dpbf16_ps(sums[n][m], load_pairs(x + m * x_row + whole, mask), out);
        }
    }
    for (int m = 0; m < kRows; m++) _mm_storeu_ps(y + m * y_row, sum_four(sums[0][m], sums[1][m], sums[2][m], sums[3][m]));
}
#endif

template <int kOuts, typename T>
CT_INLINE void dot_rows(const T *x, int64_t rows, int64_t x_row, const T *w, int64_t w_row, int64_t size, float *y, int64_t y_row, const T *ahead,
                        Kept kept = {}) {
    int64_t m = 0;
    auto tiles = [&](auto tile_rows, auto fetched, int64_t last) __attribute__((always_inline)) {
        constexpr int kRows = decltype(tile_rows)::value, kAhead = decltype(fetched)::value;
        for (; m + kRows <= last; m += kRows)
            dot_tile<kRows, kOuts, kAhead>(x + m * x_row, x_row, w, w_row, size, y + m * y_row, y_row,
                                           ahead + m / kRows * kAhead * w_row, kept.after(m * kOuts));
    };
    // The look-ahead is spread over the tiles, so that it is as fast as memory.
    if (rows >= 16) {
        tiles(Count<4>(), Count<1>(), 16);
    } else if (rows >= 8) {
        tiles(Count<4>(), Count<2>(), 8);
    } else {
        auto few = [&](auto tile_rows) __attribute__((always_inline)) {
            constexpr int kRows = decltype(tile_rows)::value;
#if defined(CT_BF16_DOT)
            if constexpr (kOuts == 4 && std::is_same_v<T, c10::BFloat16>) {
                dot_stream<kRows>(x, x_row, w, w_row, size, y, y_row);
                m = kRows;
                return;
            }
#endif
            tiles(tile_rows, Count<4>(), kRows);
        };
        rows >= 4 ? few(Count<4>()) : rows == 3 ? few(Count<3>()) : rows == 2 ? few(Count<2>()) : few(Count<1>());
    }
    tiles(Count<4>(), Count<0>(), rows);
    tiles(Count<2>(), Count<0>(), rows);
    tiles(Count<1>(), Count<0>(), rows);
}

template <typename T>
void dots(const T *x, int64_t rows, int64_t x_row, const T *w, int64_t outs, int64_t w_row, int64_t size, float *y, int64_t y_row) {
    if (rows <= 0) return;
    int64_t n = 0;
#if defined(CT_BF16_DOT)
    if constexpr (std::is_same_v<T, c10::BFloat16>)
        if (rows >= 8 && size > kDepth) {
            thread_local std::vector<float> sums;
            int64_t whole = outs / 4 * 4, parts = (size + kDepth - 1) / kDepth, part = (size / parts + 31) / 32 * 32;
            if (static_cast<int64_t>(sums.size()) < whole * rows * kLanes) sums.resize(whole * rows * kLanes);
            for (int64_t k = 0; k < size; k += part)
                for (n = 0; n < whole; n += 4) {
                    const T *next = n + 4 < whole ? w + (n + 4) * w_row + k : k + part < size ? w + k + part : w + whole * w_row;
                    dot_rows<4>(x + k, rows, x_row, w + n * w_row + k, w_row, std::min(part, size - k), y + n, y_row, next,
                                Kept{sums.data() + n * rows * kLanes, k == 0, k + part >= size});
                }
        }
#endif
    // What follows this piece is most often the next one; fetching beyond the end does no harm.
    for (; n + 4 <= outs; n += 4) dot_rows<4>(x, rows, x_row, w + n * w_row, w_row, size, y + n, y_row, w + (n + 4) * w_row);
    for (; n < outs; n++) dot_rows<1>(x, rows, x_row, w + n * w_row, w_row, size, y + n, y_row, w + (n + 1) * w_row);
}

template <int kGroups, typename T>
CT_INLINE void score_tile(const float *q, int64_t dim, const T *keys, float *scores, int64_t score_row) {
    Lanes sums[kGroups] = {};
    for (int64_t i = 0; i < dim; i++) {
        Lanes row = load_lanes(keys + i * kBlockTokens);
        for (int g = 0; g < kGroups; g++) sums[g] += row * q[g * dim + i];
    }
    for (int g = 0; g < kGroups; g++) store_lanes(scores + g * score_row, sums[g]);
}

template <typename T>
void block_scores(const float *q, int64_t groups, int64_t dim, const T *keys, float *scores, int64_t score_row) {
    int64_t g = 0;
    for (; g + 8 <= groups; g += 8) score_tile<8>(q + g * dim, dim, keys, scores + g * score_row, score_row);
    for (; g + 4 <= groups; g += 4) score_tile<4>(q + g * dim, dim, keys, scores + g * score_row, score_row);
    for (; g < groups; g++) score_tile<1>(q + g * dim, dim, keys, scores + g * score_row, score_row);
}

template <int kGroups, typename T>
CT_INLINE void value_tile(const float *weights, int64_t weight_row, const T *values, int64_t padded, float *out) {
    for (int64_t i = 0; i < padded; i += kLanes) {
        Lanes sums[kGroups];
        for (int g = 0; g < kGroups; g++) sums[g] = load_lanes(out + g * padded + i);
        for (int j = 0; j < kBlockTokens; j++) {
            Lanes row = load_lanes(values + j * padded + i);
            for (int g = 0; g < kGroups; g++) sums[g] += row * weights[g * weight_row + j];
        }
        for (int g = 0; g < kGroups; g++) store_lanes(out + g * padded + i, sums[g]);
    }
}

template <typename T>
void block_values(const float *weights, int64_t weight_row, int64_t groups, const T *values, int64_t padded, float *out) {
    int64_t g = 0;
    for (; g + 8 <= groups; g += 8) value_tile<8>(weights + g * weight_row, weight_row, values, padded, out + g * padded);
    for (; g + 4 <= groups; g += 4) value_tile<4>(weights + g * weight_row, weight_row, values, padded, out + g * padded);
    for (; g < groups; g++) value_tile<1>(weights + g * weight_row, weight_row, values, padded, out + g * padded);
}

void axpy(float a, const float *x, float *y, int64_t size) {
    for (int64_t i = 0; i < size; i++) y[i] += a * x[i];
}

float max_value(const float *x, int64_t size) {
    float best[kLanes];
    for (int lane = 0; lane < kLanes; lane++) best[lane] = x[0];
    int64_t i = 0;
    for (; i + kLanes <= size; i += kLanes)
        for (int lane = 0; lane < kLanes; lane++) best[lane] = x[i + lane] > best[lane] ? x[i + lane] : best[lane];
    for (; i < size; i++) best[0] = x[i] > best[0] ? x[i] : best[0];
    float result = best[0];
    for (int lane = 1; lane < kLanes; lane++) result = best[lane] > result ? best[lane] : result;
    return result;
}

int64_t argmax(const float *x, int64_t size) {
    float best = max_value(x, size);
    for (int64_t i = 0; i < size; i++)
        if (x[i] == best) return i;
    return 0;
}

/// exp(x) for x <= 0, relative error below 2e-7, 0 for minus infinity.
CT_INLINE float fast_exp(float x) {
    float y = x < -87.3f ? -87.3f : x;
    float n = __builtin_floorf(y * 1.44269504088896341f + 0.5f);
    float r = y - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    p = p * __builtin_bit_cast(float, (static_cast<int32_t>(n) + 127) << 23);
    return x < -87.3f ? 0.0f : p;
}

double exp_sum(const float *x, int64_t size, float max, float scale, float *out) {
    double total = 0;
    // fp32 lanes over short runs, fp64 over the runs.
    for (int64_t first = 0; first < size; first += 1024) {
        int64_t count = size - first < 1024 ? size - first : 1024;
        const float *run = x + first;
        float terms[1024], parts[kLanes] = {};
        for (int64_t i = 0; i < count; i++) terms[i] = fast_exp((run[i] - max) * scale);
        int64_t i = 0;
        for (; i + kLanes <= count; i += kLanes)
            for (int lane = 0; lane < kLanes; lane++) parts[lane] += terms[i + lane];
        for (; i < count; i++) parts[0] += terms[i];
        for (int lane = 0; lane < kLanes; lane++) total += parts[lane];
        if (out)
            for (int64_t j = 0; j < count; j++) out[first + j] = terms[j];
    }
    return total;
}

int64_t at_least(const float *x, int64_t size, float border, int32_t *found, int64_t limit) {
    int64_t count = 0, i = 0;
    for (; i + kLanes <= size; i += kLanes) {
        int any = 0;
        for (int lane = 0; lane < kLanes; lane++) any |= x[i + lane] >= border;
        if (!any) continue;
        for (int lane = 0; lane < kLanes; lane++)
            if (x[i + lane] >= border) {
                if (count < limit) found[count] = static_cast<int32_t>(i + lane);
                count++;
            }
    }
    for (; i < size; i++)
        if (x[i] >= border) {
            if (count < limit) found[count] = static_cast<int32_t>(i);
            count++;
        }
    return count;
}

void add_tile(const float *low, int64_t rows, int64_t rank, const float *tile, float *y, int64_t y_row) {
    for (int64_t m = 0; m < rows; m++) {
        Lanes left = load_lanes(y + m * y_row), right = load_lanes(y + m * y_row + kLanes);
        for (int64_t r = 0; r < rank; r++) {
            left += load_lanes(tile + r * 2 * kLanes) * low[m * rank + r];
            right += load_lanes(tile + r * 2 * kLanes + kLanes) * low[m * rank + r];
        }
        store_lanes(y + m * y_row, left);
        store_lanes(y + m * y_row + kLanes, right);
    }
}

uint64_t read_memory(const char *memory, int64_t size) {
    typedef uint64_t Words __attribute__((vector_size(64), aligned(1)));
    Words sums[4] = {};
    for (int64_t i = 0; i < size; i += 256)
        for (int part = 0; part < 4; part++) {
            const char *line = memory + i + part * 64;
            __builtin_prefetch(line + kAheadBytes, 0, 0);
            sums[part] += *reinterpret_cast<const Words *>(line);
        }
    sums[0] += sums[1] + sums[2] + sums[3];
    uint64_t total = 0;
    for (int lane = 0; lane < 8; lane++) total += sums[0][lane];
    return total;
}

const DecodeKernels &decode_table() {
    static const DecodeKernels value = {CT_KERNELS_NAME, dots<c10::BFloat16>, dots<float>, block_scores<c10::BFloat16>, block_scores<float>,
                                        block_values<c10::BFloat16>, block_values<float>, add_tile, axpy, max_value, argmax, exp_sum, at_least, read_memory};
    return value;
}

#undef CT_INLINE
