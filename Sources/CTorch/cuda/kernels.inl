// Kernels that LibTorch has no single operator for. This text is compiled twice: by NVRTC on the machine that has the GPU, and
// as plain C++ by emulation.cpp, which runs it thread by thread for the tests. It uses nothing but CUDA's own words.
//
// T is float or bf16; everything is computed in fp32 and rounded once.

#ifndef ENTRY
#define ENTRY extern "C" __global__
#endif

struct bf16 {
    unsigned short bits;
};

__device__ inline float value_of(float x) { return x; }
__device__ inline float value_of(bf16 x) { return __uint_as_float((unsigned int)x.bits << 16); }

/// The largest score of no scores.
__device__ inline float nothing() { return __uint_as_float(0xff800000u); }

/// The bits of the nearest bf16, ties to even.
__device__ inline unsigned int rounded(float x) {
    unsigned int bits = __float_as_uint(x);
    return x != x ? 0x7fc0u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}
__device__ inline void store(float *p, float x) { *p = x; }
__device__ inline void store(bf16 *p, float x) { p->bits = (unsigned short)rounded(x); }

/// Elements that lie in 16 bytes, which a thread reads and writes at once.
template <typename T>
struct Quad;

template <>
struct Quad<float> {
    static const int count = 4;
    static __device__ void read(const float *p, float *x) {
        uint4 w = *(const uint4 *)p;
        x[0] = __uint_as_float(w.x);
        x[1] = __uint_as_float(w.y);
        x[2] = __uint_as_float(w.z);
        x[3] = __uint_as_float(w.w);
    }
    static __device__ void write(float *p, const float *x) {
        *(uint4 *)p = make_uint4(__float_as_uint(x[0]), __float_as_uint(x[1]), __float_as_uint(x[2]), __float_as_uint(x[3]));
    }
};

template <>
struct Quad<bf16> {
    static const int count = 8;
    static __device__ void read(const bf16 *p, float *x) {
        uint4 w = *(const uint4 *)p;
        unsigned int words[4] = {w.x, w.y, w.z, w.w};
        for (int i = 0; i < 4; i++) {
            x[2 * i] = __uint_as_float(words[i] << 16);
            x[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
        }
    }
    static __device__ void write(bf16 *p, const float *x) {
        unsigned int words[4];
        for (int i = 0; i < 4; i++) words[i] = rounded(x[2 * i]) | (rounded(x[2 * i + 1]) << 16);
        *(uint4 *)p = make_uint4(words[0], words[1], words[2], words[3]);
    }
};

/// Elements that are read at once.
template <typename T, int E>
struct alignas(sizeof(T) * E) Row {
    T x[E];
};

// ---- gated product ----

__device__ inline float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }

/// out = silu(gate) * up. A thread takes one Quad.
template <typename T>
__device__ void gated(const T *gate, const T *up, T *out, long long count) {
    const int n = Quad<T>::count;
    long long first = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * n;
    if (first + n <= count) {
        float g[n], u[n];
        Quad<T>::read(gate + first, g);
        Quad<T>::read(up + first, u);
        for (int i = 0; i < n; i++) u[i] *= g[i] * logistic(g[i]);
        Quad<T>::write(out + first, u);
    } else {
        for (long long i = first; i < count; i++) {
            float g = value_of(gate[i]);
            store(out + i, g * logistic(g) * value_of(up[i]));
        }
    }
}

__device__ inline void gated_slopes(float g, float u, float d, float *dgate, float *dup) {
    float s = logistic(g);
    *dgate = d * u * s * (1.0f + g * (1.0f - s));
    *dup = d * g * s;
}

template <typename T>
__device__ void gated_gradient(const T *gate, const T *up, const T *dy, T *dgate, T *dup, long long count) {
    const int n = Quad<T>::count;
    long long first = ((long long)blockIdx.x * blockDim.x + threadIdx.x) * n;
    if (first + n <= count) {
        float g[n], u[n], d[n];
        Quad<T>::read(gate + first, g);
        Quad<T>::read(up + first, u);
        Quad<T>::read(dy + first, d);
        for (int i = 0; i < n; i++) {
            float a, b;
            gated_slopes(g[i], u[i], d[i], &a, &b);
            g[i] = a;
            u[i] = b;
        }
        Quad<T>::write(dgate + first, g);
        Quad<T>::write(dup + first, u);
    } else {
        for (long long i = first; i < count; i++) {
            float a, b;
            gated_slopes(value_of(gate[i]), value_of(up[i]), value_of(dy[i]), &a, &b);
            store(dgate + i, a);
            store(dup + i, b);
        }
    }
}

// ---- rotation ----

/// The Quads at `x` and half a head behind it, turned into `y`.
template <typename T>
__device__ void turn(const T *x, T *y, const float *cos, const float *sin, int half, float direction) {
    const int n = Quad<T>::count;
    float a[n], b[n];
    Quad<T>::read(x, a);
    Quad<T>::read(x + half, b);
    for (int i = 0; i < n; i++) {
        float first = a[i], second = b[i];
        a[i] = first * cos[i] - direction * second * sin[i];
        b[i] = second * cos[half + i] + direction * first * sin[half + i];
    }
    Quad<T>::write(y, a);
    Quad<T>::write(y + half, b);
}

/// x [rows, heads, dim] with its strides into y, contiguous; cos and sin [rows, dim]. A thread takes one Quad of each half.
template <typename T>
__device__ void rotate(const T *x, long long x_row, long long x_head, T *y, const float *cos, const float *sin, long long rows, int heads, int dim, float direction) {
    int half = dim / 2, pieces = half / Quad<T>::count;
    long long item = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (item >= rows * heads * pieces) return;
    int piece = (int)(item % pieces), place = piece * Quad<T>::count;
    long long head = item / pieces % heads, row = item / pieces / heads;
    turn(x + row * x_row + head * x_head + place, y + (row * heads + head) * dim + place, cos + row * dim + place, sin + row * dim + place, half, direction);
}

// ---- cross-entropy ----

/// One block a row of logits: its loss, whether the label has the largest logit, and, where `makes_gradient`, the row replaced
/// by (softmax - one hot) * weight. `hits` and `weights` may be null.
template <typename T>
__device__ void cross_entropy(T *logits, long long vocabulary, const long long *labels, const float *weights, float *losses, float *hits, int makes_gradient) {
    const int n = Quad<T>::count, threads = 512;
    __shared__ float highs[threads], sums[threads];
    long long row = blockIdx.x, label = labels[row];
    T *x = logits + row * vocabulary;
    // Rows of a vocabulary that Quads do not fill begin anywhere.
    long long whole = vocabulary % n == 0 ? vocabulary : 0;
    float high = nothing(), sum = 0.0f, own = value_of(x[label]);
    for (long long i = (long long)threadIdx.x * n; i < whole; i += (long long)blockDim.x * n) {
        float v[n];
        Quad<T>::read(x + i, v);
        float top = v[0];
        for (int j = 1; j < n; j++) top = fmaxf(top, v[j]);
        if (top > high) {
            sum *= expf(high - top);
            high = top;
        }
        for (int j = 0; j < n; j++) sum += expf(v[j] - high);
    }
    for (long long i = whole + threadIdx.x; i < vocabulary; i += blockDim.x) {
        float v = value_of(x[i]);
        if (v > high) {
            sum *= expf(high - v);
            high = v;
        }
        sum += expf(v - high);
    }
    highs[threadIdx.x] = high;
    sums[threadIdx.x] = sum;
    __syncthreads();
    for (int step = blockDim.x / 2; step > 0; step /= 2) {
        if ((int)threadIdx.x < step) {
            float a = highs[threadIdx.x], b = highs[threadIdx.x + step], top = fmaxf(a, b);
            // A thread that saw no logit has no sum.
            float left = a == nothing() ? 0.0f : sums[threadIdx.x] * expf(a - top), right = b == nothing() ? 0.0f : sums[threadIdx.x + step] * expf(b - top);
            highs[threadIdx.x] = top;
            sums[threadIdx.x] = left + right;
        }
        __syncthreads();
    }
    high = highs[0];
    sum = sums[0];
    if (threadIdx.x == 0) {
        losses[row] = logf(sum) + high - own;
        if (hits) hits[row] = own >= high ? 1.0f : 0.0f;
    }
    if (!makes_gradient) return;
    float weight = weights ? weights[row] : 1.0f, factor = weight / sum;
    for (long long i = (long long)threadIdx.x * n; i < whole; i += (long long)blockDim.x * n) {
        float v[n];
        Quad<T>::read(x + i, v);
        for (int j = 0; j < n; j++) v[j] = expf(v[j] - high) * factor - (i + j == label ? weight : 0.0f);
        Quad<T>::write(x + i, v);
    }
    for (long long i = whole + threadIdx.x; i < vocabulary; i += blockDim.x) store(x + i, expf(value_of(x[i]) - high) * factor - (i == label ? weight : 0.0f));
}

// ---- paged cache: keys and values [blocks][16][kv_heads][dim] ----

/// One block a row: q turned into `q_out` [rows, heads, dim], k turned and v copied to the row's place in the cache.
template <typename T>
__device__ void paged_write(const T *q, long long q_row, const T *k, long long k_row, const T *v, long long v_row, const float *cos, const float *sin,
                            const long long *places, T *q_out, T *keys, T *values, int heads, int kv_heads, int dim) {
    int half = dim / 2, pieces = half / Quad<T>::count;
    long long row = blockIdx.x, place = places[row];
    const float *c = cos + row * dim, *s = sin + row * dim;
    for (int item = threadIdx.x; item < (heads + 2 * kv_heads) * pieces; item += blockDim.x) {
        int head = item / pieces, at = item % pieces * Quad<T>::count;
        if (head < heads) {
            turn(q + row * q_row + head * dim + at, q_out + (row * heads + head) * dim + at, c + at, s + at, half, 1.0f);
        } else if (head < heads + kv_heads) {
            int own = (head - heads) * dim + at;
            turn(k + row * k_row + own, keys + place * kv_heads * dim + own, c + at, s + at, half, 1.0f);
        } else {
            int own = (head - heads - kv_heads) * dim + at;
            const T *from = v + row * v_row + own;
            T *to = values + place * kv_heads * dim + own;
            *(uint4 *)to = *(const uint4 *)from;
            *(uint4 *)(to + half) = *(const uint4 *)(from + half);
        }
    }
}

/// Attention of one query a sequence to all keys in its blocks. Block (sequence, up to 8 query heads of one key head, share of
/// the keys): four warps take keys in turn, a lane E of the head's 32 E numbers. `tables` has a row a sequence: its length and
/// its blocks. With one share the result goes to `out` [sequences, heads, dim], else sums, their largest score and the sum of
/// weights go to `partial` [sequences, heads, shares, dim + 2].
template <typename T, int E>
__device__ void paged_decode(const T *q, const T *keys, const T *values, const int *tables, int table_row, T *out, float *partial, int heads, int kv_heads, int shares,
                             float scale) {
    const int most = 8, warps = 4, dim = 32 * E;
    __shared__ float highs[warps][most], sums[warps][most], mixes[warps][most][dim];
    int sequence = blockIdx.x, share = blockIdx.z, grouped = heads / kv_heads, parts = (grouped + most - 1) / most;
    int group = blockIdx.y / parts, first = group * grouped + blockIdx.y % parts * most, count = min(most, grouped - (int)(blockIdx.y % parts) * most);
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
    const int *blocks = tables + (long long)sequence * table_row + 1;
    int length = blocks[-1], size = (length + shares - 1) / shares, begin = share * size, end = min(length, begin + size);
    float query[most][E], mix[most][E], high[most], sum[most];
#pragma unroll
    for (int g = 0; g < most; g++) {
        high[g] = nothing();
        sum[g] = 0.0f;
#pragma unroll
        for (int e = 0; e < E; e++) {
            mix[g][e] = 0.0f;
            query[g][e] = g < count ? scale * value_of(q[((long long)sequence * heads + first + g) * dim + lane * E + e]) : 0.0f;
        }
    }
    for (int position = begin + warp; position < end; position += warps) {
        long long place = ((long long)blocks[position / 16] * 16 + position % 16) * kv_heads + group;
        const T *key = keys + place * dim + lane * E, *value = values + place * dim + lane * E;
        Row<T, E> key_row = *(const Row<T, E> *)key, value_row = *(const Row<T, E> *)value;
        float k[E], v[E];
#pragma unroll
        for (int e = 0; e < E; e++) {
            k[e] = value_of(key_row.x[e]);
            v[e] = value_of(value_row.x[e]);
        }
#pragma unroll
        for (int g = 0; g < most; g++) {
            if (g >= count) break;
            float score = 0.0f;
#pragma unroll
            for (int e = 0; e < E; e++) score += query[g][e] * k[e];
            for (int step = 16; step > 0; step /= 2) score += __shfl_xor_sync(0xffffffffu, score, step);
            float top = fmaxf(high[g], score), before = expf(high[g] - top), weight = expf(score - top);
            high[g] = top;
            sum[g] = sum[g] * before + weight;
#pragma unroll
            for (int e = 0; e < E; e++) mix[g][e] = mix[g][e] * before + weight * v[e];
        }
    }
#pragma unroll
    for (int g = 0; g < most; g++) {
        if (g >= count) break;
        if (lane == 0) {
            highs[warp][g] = high[g];
            sums[warp][g] = sum[g];
        }
#pragma unroll
        for (int e = 0; e < E; e++) mixes[warp][g][lane * E + e] = mix[g][e];
    }
    __syncthreads();
    for (int item = threadIdx.x; item < count * dim; item += blockDim.x) {
        int g = item / dim, d = item % dim;
        float top = nothing(), total = 0.0f, all = 0.0f;
        for (int w = 0; w < warps; w++) top = fmaxf(top, highs[w][g]);
        for (int w = 0; w < warps; w++) {
            // A warp that saw no key has no largest score.
            float factor = highs[w][g] == nothing() ? 0.0f : expf(highs[w][g] - top);
            total += sums[w][g] * factor;
            all += mixes[w][g][d] * factor;
        }
        long long head = (long long)sequence * heads + first + g;
        if (shares == 1) {
            store(out + head * dim + d, all / total);
        } else {
            float *own = partial + (head * shares + share) * (dim + 2);
            own[d] = all;
            if (d == 0) {
                own[dim] = top;
                own[dim + 1] = total;
            }
        }
    }
}

/// The shares of one (sequence, head) together: a block each.
template <typename T>
__device__ void paged_combine(const float *partial, T *out, int shares, int dim) {
    const float *own = partial + (long long)blockIdx.x * shares * (dim + 2);
    float top = nothing();
    for (int s = 0; s < shares; s++) top = fmaxf(top, own[s * (dim + 2) + dim]);
    for (int d = threadIdx.x; d < dim; d += blockDim.x) {
        float total = 0.0f, all = 0.0f;
        for (int s = 0; s < shares; s++) {
            const float *part = own + s * (dim + 2);
            float factor = part[dim] == nothing() ? 0.0f : expf(part[dim] - top);
            total += part[dim + 1] * factor;
            all += part[d] * factor;
        }
        store(out + (long long)blockIdx.x * dim + d, all / total);
    }
}

// ---- entries: NAME_f32 and NAME_bf16, those of the types that whoever compiles this asks for ----

#define KERNELS_OF(T, SUFFIX) \
    ENTRY void gated_##SUFFIX(const T *gate, const T *up, T *out, long long count) { gated(gate, up, out, count); } \
    ENTRY void gated_gradient_##SUFFIX(const T *gate, const T *up, const T *dy, T *dgate, T *dup, long long count) { \
        gated_gradient(gate, up, dy, dgate, dup, count); \
    } \
    ENTRY void rotate_##SUFFIX(const T *x, long long x_row, long long x_head, T *y, const float *cos, const float *sin, \
                                               long long rows, int heads, int dim, float direction) { \
        rotate(x, x_row, x_head, y, cos, sin, rows, heads, dim, direction); \
    } \
    ENTRY void cross_entropy_##SUFFIX(T *logits, long long vocabulary, const long long *labels, const float *weights, float *losses, \
                                                      float *hits, int makes_gradient) { \
        cross_entropy(logits, vocabulary, labels, weights, losses, hits, makes_gradient); \
    } \
    ENTRY void paged_write_##SUFFIX(const T *q, long long q_row, const T *k, long long k_row, const T *v, long long v_row, \
                                                    const float *cos, const float *sin, const long long *places, T *q_out, T *keys, T *values, \
                                                    int heads, int kv_heads, int dim) { \
        paged_write(q, q_row, k, k_row, v, v_row, cos, sin, places, q_out, keys, values, heads, kv_heads, dim); \
    } \
    ENTRY void paged_combine_##SUFFIX(const float *partial, T *out, int shares, int dim) { paged_combine(partial, out, shares, dim); }

#define DECODE_OF(T, E, NAME) \
    ENTRY void NAME(const T *q, const T *keys, const T *values, const int *tables, int table_row, T *out, float *partial, int heads, \
                                    int kv_heads, int shares, float scale) { \
        paged_decode<T, E>(q, keys, values, tables, table_row, out, partial, heads, kv_heads, shares, scale); \
    }

#ifdef KERNELS_F32
KERNELS_OF(float, f32)
DECODE_OF(float, 1, paged_decode_32_f32)
DECODE_OF(float, 2, paged_decode_64_f32)
DECODE_OF(float, 4, paged_decode_128_f32)
DECODE_OF(float, 8, paged_decode_256_f32)
#endif
#ifdef KERNELS_BF16
KERNELS_OF(bf16, bf16)
DECODE_OF(bf16, 1, paged_decode_32_bf16)
DECODE_OF(bf16, 2, paged_decode_64_bf16)
DECODE_OF(bf16, 4, paged_decode_128_bf16)
DECODE_OF(bf16, 8, paged_decode_256_bf16)
#endif
