// The loops themselves. Included once per instruction set, inside that set's namespace and target attribute.

#define CT_INLINE inline __attribute__((always_inline))

CT_INLINE float load(const float *p) { return *p; }
CT_INLINE float load(const c10::BFloat16 *p) {
    uint32_t bits = static_cast<uint32_t>(p->x) << 16;
    return __builtin_bit_cast(float, bits);
}
CT_INLINE void store(float *p, float value) { *p = value; }
// Rounds to nearest even, as c10 does; without its branch for NaN, so that loops vectorise.
CT_INLINE void store(c10::BFloat16 *p, float value) {
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    bits += 0x7fff + ((bits >> 16) & 1);
    p->x = static_cast<uint16_t>(bits >> 16);
}
template <typename T>
CT_INLINE float rounded(float value) {
    T stored;
    store(&stored, value);
    return load(&stored);
}

/// exp(x) for x <= 88, relative error below 2e-7. (Cephes' expf: range reduction by ln 2, polynomial of degree 5.)
CT_INLINE float fast_exp(float x) {
    x = x < -87.3f ? -87.3f : x;
    float n = __builtin_floorf(x * 1.44269504088896341f + 0.5f);
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits = (static_cast<int32_t>(n) + 127) << 23;
    return p * __builtin_bit_cast(float, bits);
}

/// x / sigmoid_divisor(x) is SiLU. A gate below -88 is worth nothing in fp32, but would overflow the exponent above.
CT_INLINE float sigmoid_divisor(float x) { return 1.0f + fast_exp(x < -88.0f ? 88.0f : -x); }

// Sums run in 16 interleaved lanes on every machine, so that all instruction sets add in the same order.
constexpr int kLanes = 16;
typedef float Lanes __attribute__((vector_size(64), aligned(4)));

CT_INLINE Lanes load_lanes(const float *p) { return *reinterpret_cast<const Lanes *>(p); }
CT_INLINE void store_lanes(float *p, Lanes v) { *reinterpret_cast<Lanes *>(p) = v; }
CT_INLINE float sum_lanes(Lanes v) {
    float parts[kLanes];
    store_lanes(parts, v);
    for (int width = kLanes / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++) parts[i] += parts[i + width];
    return parts[0];
}

/// sum over i of term(i).
template <typename Term>
CT_INLINE float lane_sum(int64_t size, Term term) {
    float parts[kLanes] = {};
    int64_t i = 0;
    for (; i + kLanes <= size; i += kLanes)
        for (int lane = 0; lane < kLanes; lane++) parts[lane] += term(i + lane);
    for (; i < size; i++) parts[i % kLanes] += term(i);
    for (int width = kLanes / 2; width > 0; width /= 2)
        for (int lane = 0; lane < width; lane++) parts[lane] += parts[lane + width];
    return parts[0];
}

template <typename T>
void norm_forward(const T *x, const T *weight, T *y, float *rstd, int64_t size, float epsilon) {
    float sum = lane_sum(size, [=](int64_t i) __attribute__((always_inline)) { float v = load(x + i); return v * v; });
    float r = 1.0f / __builtin_sqrtf(sum / static_cast<float>(size) + epsilon);
    *rstd = r;
    for (int64_t i = 0; i < size; i++) store(y + i, load(weight + i) * rounded<T>(load(x + i) * r));
}

template <typename T>
void norm_backward(const T *x, const T *weight, const T *dy, T *dx, float *dweight, float r, int64_t size) {
    if (dx) {
        float dot = lane_sum(size, [=](int64_t i) __attribute__((always_inline)) { return load(dy + i) * load(weight + i) * load(x + i); });
        float mean = dot * r * r / static_cast<float>(size);
        for (int64_t i = 0; i < size; i++) store(dx + i, r * (load(dy + i) * load(weight + i) - load(x + i) * mean));
    }
    if (dweight) {
        for (int64_t i = 0; i < size; i++) dweight[i] += load(dy + i) * load(x + i) * r;
    }
}

template <typename T>
void rotate(const T *x, T *y, const float *cos, const float *sin, int64_t heads, int64_t dim, int64_t stride, float direction) {
    int64_t half = dim / 2;
    for (int64_t h = 0; h < heads; h++) {
        const T *a = x + h * stride;
        T *b = y + h * dim;
        for (int64_t i = 0; i < half; i++) {
            float first = load(a + i), second = load(a + i + half);
            store(b + i, first * cos[i] - direction * second * sin[i]);
            store(b + i + half, second * cos[i + half] + direction * first * sin[i + half]);
        }
    }
}

template <typename T>
void swiglu_forward(const T *gate, const T *up, T *y, int64_t size) {
    for (int64_t i = 0; i < size; i++) {
        float g = load(gate + i);
        store(y + i, rounded<T>(g / sigmoid_divisor(g)) * load(up + i));
    }
}

template <typename T>
void swiglu_backward(const T *gate, const T *up, const T *dy, T *dgate, T *dup, int64_t size) {
    for (int64_t i = 0; i < size; i++) {
        float g = load(gate + i), d = load(dy + i), u = load(up + i);
        float s = 1.0f / sigmoid_divisor(g);
        store(dgate + i, d * u * s * (1.0f + g * (1.0f - s)));
        store(dup + i, d * g * s);
    }
}

template <typename T>
float cross_entropy(T *logits, int64_t size, int64_t label, float gradient_scale, bool *hit) {
    float maxima[kLanes];
    for (int lane = 0; lane < kLanes; lane++) maxima[lane] = -3.0e38f;
    int64_t i = 0;
    for (; i + kLanes <= size; i += kLanes)
        for (int lane = 0; lane < kLanes; lane++) {
            float v = load(logits + i + lane);
            maxima[lane] = v > maxima[lane] ? v : maxima[lane];
        }
    float max = maxima[0];
    for (int lane = 1; lane < kLanes; lane++) max = maxima[lane] > max ? maxima[lane] : max;
    for (; i < size; i++) {
        float v = load(logits + i);
        max = v > max ? v : max;
    }
    float sum = lane_sum(size, [=](int64_t j) __attribute__((always_inline)) { return fast_exp(load(logits + j) - max); });
    float target = load(logits + label);
    *hit = target >= max;
    float lse = max + __builtin_logf(sum);
    if (gradient_scale != 0) {
        float factor = gradient_scale / sum;
        for (int64_t j = 0; j < size; j++) store(logits + j, fast_exp(load(logits + j) - max) * factor);
        // Computed apart, so that the label's entry is rounded once.
        store(logits + label, (__builtin_expf(target - lse) - 1.0f) * gradient_scale);
    }
    return lse - target;
}

template <typename T>
void to_float(const T *x, float *y, int64_t size, float scale) {
    for (int64_t i = 0; i < size; i++) y[i] = load(x + i) * scale;
}
template <typename T>
void from_float(const float *x, T *y, int64_t size, float scale) {
    for (int64_t i = 0; i < size; i++) store(y + i, x[i] * scale);
}

/// A tile of kRows x (kVectors * 16) of c, held in registers.
template <int kRows, int kVectors>
CT_INLINE void gemm_tile(int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row, bool accumulate) {
    Lanes sums[kRows][kVectors];
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < kVectors; v++) sums[r][v] = accumulate ? load_lanes(c + r * c_row + v * kLanes) : Lanes{};
    for (int64_t i = 0; i < k; i++) {
        Lanes row[kVectors];
        for (int v = 0; v < kVectors; v++) row[v] = load_lanes(b + i * b_row + v * kLanes);
        for (int r = 0; r < kRows; r++) {
            Lanes value = Lanes{} + a[r * a_row + i * a_column];
            for (int v = 0; v < kVectors; v++) sums[r][v] += value * row[v];
        }
    }
    for (int r = 0; r < kRows; r++)
        for (int v = 0; v < kVectors; v++) store_lanes(c + r * c_row + v * kLanes, sums[r][v]);
}

template <int kVectors>
CT_INLINE void gemm_columns(int64_t m, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row, bool accumulate) {
    int64_t i = 0;
    for (; i + 8 <= m; i += 8) gemm_tile<8, kVectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, accumulate);
    for (; i + 4 <= m; i += 4) gemm_tile<4, kVectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, accumulate);
    for (; i < m; i++) gemm_tile<1, kVectors>(k, a + i * a_row, a_row, a_column, b, b_row, c + i * c_row, c_row, accumulate);
}

void gemm(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_column, const float *b, int64_t b_row, float *c, int64_t c_row, bool accumulate) {
    int64_t j = 0;
    for (; j + 2 * kLanes <= n; j += 2 * kLanes) gemm_columns<2>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, accumulate);
    for (; j < n; j += kLanes) gemm_columns<1>(m, k, a, a_row, a_column, b + j, b_row, c + j, c_row, accumulate);
}

float exp_row(float *scores, int64_t size, float *max_out) {
    float max = *max_out;
    for (int64_t i = 0; i < size; i++) max = scores[i] > max ? scores[i] : max;
    *max_out = max;
    for (int64_t i = 0; i < size; i++) scores[i] = fast_exp(scores[i] - max);
    return lane_sum(size, [=](int64_t i) __attribute__((always_inline)) { return scores[i]; });
}

void softmax_backward(float *scores, float *probabilities, const float *dp, int64_t size, float lse, float delta) {
    for (int64_t i = 0; i < size; i++) {
        float p = fast_exp(scores[i] - lse);
        probabilities[i] = p;
        scores[i] = p * (dp[i] - delta);
    }
}

float dot(const float *a, const float *b, int64_t size) {
    return lane_sum(size, [=](int64_t i) __attribute__((always_inline)) { return a[i] * b[i]; });
}

void adamw(float *parameter, const float *gradient, float *first, float *second, int64_t size, float step_size, float beta1, float beta2,
           float epsilon, float decay, float correction, float gradient_scale) {
    for (int64_t i = 0; i < size; i++) {
        float g = gradient[i] * gradient_scale;
        float p = parameter[i] * decay;
        float m = first[i] + (g - first[i]) * (1.0f - beta1);
        float v = second[i] * beta2 + (1.0f - beta2) * g * g;
        first[i] = m;
        second[i] = v;
        parameter[i] = p - step_size * m / (__builtin_sqrtf(v) / correction + epsilon);
    }
}

template <typename T>
constexpr RowKernels<T> row_kernels() {
    return {norm_forward<T>, norm_backward<T>, rotate<T>, swiglu_forward<T>, swiglu_backward<T>, cross_entropy<T>, to_float<T>, from_float<T>};
}

const Kernels &table() {
    static const Kernels value = {CT_KERNELS_NAME, row_kernels<float>(), row_kernels<c10::BFloat16>(), gemm, exp_row, softmax_backward, dot, adamw};
    return value;
}

#undef CT_INLINE
