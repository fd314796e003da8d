// Bicubic resampling as Pillow and ATen do it: the filter is widened when shrinking, weights are computed in double,
// rounded to fixed point, and each of the two passes rounds to 8 bits. The two flavours differ in the weights' bits.
#include "cmedia.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#define CM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define CM_WIDE
#endif

typedef int32_t lanes __attribute__((vector_size(32)));
typedef uint8_t bytes8 __attribute__((vector_size(8)));

typedef struct {
    int32_t *first;    // first source position of each target position
    int32_t *count;    // number of taps
    double *weights;   // `taps` a target position
    int32_t *fixed;    // the same in fixed point
    int32_t taps;
    int32_t precision; // bits after the point
} axis_plan;

// Keys' cubic with a = -0.5.
static double cubic(double x) {
    x = fabs(x);
    if (x < 1.0) return (1.5 * x - 2.5) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5;
    return 0.0;
}

static void plan_free(axis_plan *plan) {
    free(plan->first);
    free(plan->count);
    free(plan->weights);
    free(plan->fixed);
}

static int plan_axis(axis_plan *plan, int32_t size, int32_t new_size) {
    double scale = (double)size / new_size;
    double stretch = scale < 1.0 ? 1.0 : scale;
    double support = 2.0 * stretch, inverse = 1.0 / stretch;
    int32_t taps = (int32_t)ceil(support) * 2 + 1;
    memset(plan, 0, sizeof *plan);
    plan->taps = taps;
    plan->first = malloc(sizeof(int32_t) * (size_t)new_size);
    plan->count = malloc(sizeof(int32_t) * (size_t)new_size);
    plan->weights = calloc((size_t)new_size * (size_t)taps, sizeof(double));
    if (!plan->first || !plan->count || !plan->weights) return 0;
    for (int32_t i = 0; i < new_size; i++) {
        double center = (i + 0.5) * scale, sum = 0.0;
        int32_t low = (int32_t)(center - support + 0.5), high = (int32_t)(center + support + 0.5);
        if (low < 0) low = 0;
        if (high > size) high = size;
        double *row = plan->weights + (size_t)i * (size_t)taps;
        for (int32_t j = 0; j < high - low; j++) {
            row[j] = cubic((j + low - center + 0.5) * inverse);
            sum += row[j];
        }
        if (sum != 0.0) {
            for (int32_t j = 0; j < high - low; j++) row[j] /= sum;
        }
        plan->first[i] = low;
        plan->count[i] = high - low;
    }
    return 1;
}

static int plan_fixed(axis_plan *plan, int32_t new_size, int32_t flavor) {
    size_t total = (size_t)new_size * (size_t)plan->taps;
    plan->precision = 22;
    if (flavor == CM_FIXED_POINT_TORCH) {
        // As many bits as keep the largest weight within 16 bits.
        double largest = 0.0;
        for (size_t i = 0; i < total; i++) largest = plan->weights[i] > largest ? plan->weights[i] : largest;
        int32_t bits = 0;
        while (bits < 22 && (int32_t)(0.5 + largest * (double)(1 << (bits + 1))) < (1 << 15)) bits++;
        plan->precision = bits;
    }
    plan->fixed = malloc(sizeof(int32_t) * total);
    if (!plan->fixed) return 0;
    double unit = (double)(1 << plan->precision);
    for (size_t i = 0; i < total; i++) {
        double value = plan->weights[i] * unit;
        plan->fixed[i] = (int32_t)(value < 0 ? value - 0.5 : value + 0.5);
    }
    return 1;
}

static inline uint8_t clip(int32_t value) { return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

// Gives every target position the same number of taps, weight 0 where there were fewer: a loop of constant length.
static int32_t level_taps(axis_plan *plan, int32_t size, int32_t new_size) {
    const int32_t even = plan->taps < size ? plan->taps : size;
    for (int32_t i = 0; i < new_size; i++) {
        int32_t *row = plan->fixed + (size_t)i * (size_t)plan->taps;
        const int32_t shift = plan->first[i] + even - size;
        if (shift <= 0) continue;
        // At the far end the first tap moves back, so that none reads behind the row.
        memmove(row + shift, row, sizeof(int32_t) * (size_t)(even - shift));
        memset(row, 0, sizeof(int32_t) * (size_t)shift);
        plan->first[i] -= shift;
    }
    return even;
}

// Two rows of 3 or 4 channels side by side in one vector; both must have a spare byte behind their last pixel.
static inline __attribute__((always_inline)) void pixel_rows(
    const uint8_t *const source[2], uint8_t *const target[2], const axis_plan *plan, int32_t new_width,
    int32_t channels, int32_t taps) {
    const int32_t half = 1 << (plan->precision - 1), shift = plan->precision;
    const lanes zero = {0}, white = zero + 255;
    for (int32_t i = 0; i < new_width; i++) {
        const int32_t *weights = plan->fixed + (size_t)i * (size_t)plan->taps;
        size_t place = (size_t)plan->first[i] * (size_t)channels;
        lanes sum = zero + half;
        for (int32_t j = 0; j < taps; j++, place += (size_t)channels) {
            bytes8 raw;
            memcpy(&raw, source[0] + place, 4);
            memcpy((uint8_t *)&raw + 4, source[1] + place, 4);
            sum += __builtin_convertvector(raw, lanes) * weights[j];
        }
        sum = __builtin_elementwise_min(__builtin_elementwise_max(sum >> shift, zero), white);
        bytes8 packed = __builtin_convertvector(sum, bytes8);
        const size_t out = (size_t)i * (size_t)channels;
        memcpy(target[0] + out, &packed, (size_t)channels);
        memcpy(target[1] + out, (uint8_t *)&packed + 4, (size_t)channels);
    }
}

CM_WIDE static void rows_of_pixels(
    const uint8_t *const source[2], uint8_t *const target[2], const axis_plan *plan, int32_t new_width,
    int32_t channels, int32_t taps) {
    // Enlarging, the usual case, takes five taps.
    if (taps == 5 && channels == 3) {
        pixel_rows(source, target, plan, new_width, 3, 5);
    } else {
        pixel_rows(source, target, plan, new_width, channels, taps);
    }
}

static void row_of_few(
    const uint8_t *source, uint8_t *target, const axis_plan *plan, int32_t new_width, int32_t channels) {
    for (int32_t i = 0; i < new_width; i++) {
        const int32_t *weights = plan->fixed + (size_t)i * (size_t)plan->taps;
        for (int32_t c = 0; c < channels; c++) {
            const uint8_t *pixel = source + (size_t)plan->first[i] * (size_t)channels + c;
            int32_t sum = 1 << (plan->precision - 1);
            for (int32_t j = 0; j < plan->count[i]; j++) sum += pixel[j * channels] * weights[j];
            target[i * channels + c] = clip(sum >> plan->precision);
        }
    }
}

// One target row as a weighted sum of `count` source rows.
CM_WIDE static void column_of_rows(
    const uint8_t *source, size_t stride, const int32_t *weights, int32_t count, int32_t precision, uint8_t *target) {
    const int32_t half = 1 << (precision - 1);
    size_t x = 0;
    for (; x + 32 <= stride; x += 32) {
        int32_t sums[32];
        for (int i = 0; i < 32; i++) sums[i] = half;
        for (int32_t j = 0; j < count; j++) {
            const uint8_t *row = source + stride * (size_t)j + x;
            const int32_t weight = weights[j];
            for (int i = 0; i < 32; i++) sums[i] += row[i] * weight;
        }
        for (int i = 0; i < 32; i++) target[x + i] = clip(sums[i] >> precision);
    }
    for (; x < stride; x++) {
        int32_t sum = half;
        for (int32_t j = 0; j < count; j++) sum += source[stride * (size_t)j + x] * weights[j];
        target[x] = clip(sum >> precision);
    }
}

int cm_resize_bicubic(
    const uint8_t *source, int32_t width, int32_t height, int32_t channels, int32_t flavor, uint8_t *target,
    int32_t new_width, int32_t new_height, cm_error *error) {
    axis_plan across = {0}, down = {0};
    const int wide = width != new_width, tall = height != new_height;
    uint8_t *middle = NULL, *scratch = NULL;
    int ok = 1;
    if (!wide && !tall) {
        memcpy(target, source, (size_t)width * (size_t)height * (size_t)channels);
        return CM_OK;
    }
    if (wide) ok = plan_axis(&across, width, new_width) && plan_fixed(&across, new_width, flavor);
    if (ok && tall) ok = plan_axis(&down, height, new_height) && plan_fixed(&down, new_height, flavor);
    // Only the rows that the second pass reads are made by the first.
    int32_t first_row = 0, last_row = height;
    if (ok && tall) {
        first_row = down.first[0];
        last_row = down.first[new_height - 1] + down.count[new_height - 1];
    }
    const size_t stride = (size_t)width * (size_t)channels, new_stride = (size_t)new_width * (size_t)channels;
    const uint8_t *rows = source + stride * (size_t)first_row;
    if (ok && wide) {
        uint8_t *out = target;
        if (tall) out = middle = malloc(new_stride * (size_t)(last_row - first_row));
        scratch = malloc(stride + 4);
        ok = out && scratch;
        if (ok && channels < 3) {
            for (int32_t y = first_row; y < last_row; y++) {
                row_of_few(
                    source + stride * (size_t)y, out + new_stride * (size_t)(y - first_row), &across, new_width, channels);
            }
        } else if (ok) {
            const int32_t taps = level_taps(&across, width, new_width);
            for (int32_t y = first_row; y < last_row; y += 2) {
                // An odd last row goes twice; the last row of all is copied to where a spare byte follows it.
                const int32_t other = y + 1 < last_row ? y + 1 : y;
                const uint8_t *pair[2] = {source + stride * (size_t)y, source + stride * (size_t)other};
                if (other == height - 1) {
                    pair[1] = memcpy(scratch, pair[1], stride);
                    if (other == y) pair[0] = scratch;
                }
                uint8_t *places[2] = {
                    out + new_stride * (size_t)(y - first_row), out + new_stride * (size_t)(other - first_row)};
                rows_of_pixels(pair, places, &across, new_width, channels, taps);
            }
        }
        rows = out;
    }
    if (ok && tall) {
        for (int32_t y = 0; y < new_height; y++) {
            column_of_rows(
                rows + new_stride * (size_t)(down.first[y] - first_row), new_stride,
                down.fixed + (size_t)y * (size_t)down.taps, down.count[y], down.precision,
                target + new_stride * (size_t)y);
        }
    }
    free(middle);
    free(scratch);
    plan_free(&across);
    plan_free(&down);
    return ok ? CM_OK : cm_fail(error, CM_NO_MEMORY, "no memory to resize to %d x %d pixels", new_width, new_height);
}

// Pillow stores the two bytes of a rounded sum each on its own, so overshoots wrap in the low byte and clip in the high.
static uint16_t store_u16(double sum) {
    int32_t value = (int32_t)(sum >= 0.0 ? sum + 0.5F : sum - 0.5F);
    return (uint16_t)(clip(value % 256) | clip(value >> 8) << 8);
}

int cm_resize_bicubic_u16(
    const uint16_t *source, int32_t width, int32_t height, uint16_t *target, int32_t new_width, int32_t new_height,
    cm_error *error) {
    axis_plan across = {0}, down = {0};
    const int wide = width != new_width, tall = height != new_height;
    uint16_t *middle = malloc(sizeof(uint16_t) * (size_t)new_width * (size_t)height);
    int ok = middle && plan_axis(&across, width, new_width) && plan_axis(&down, height, new_height);
    for (int32_t y = 0; ok && y < height; y++) {
        const uint16_t *row = source + (size_t)y * (size_t)width;
        for (int32_t x = 0; x < new_width; x++) {
            const double *weights = across.weights + (size_t)x * (size_t)across.taps;
            double sum = 0.0;
            for (int32_t j = 0; j < across.count[x]; j++) sum += row[across.first[x] + j] * weights[j];
            middle[(size_t)y * (size_t)new_width + x] = wide ? store_u16(sum) : row[x];
        }
    }
    for (int32_t y = 0; ok && y < new_height; y++) {
        const double *weights = down.weights + (size_t)y * (size_t)down.taps;
        for (int32_t x = 0; x < new_width; x++) {
            double sum = 0.0;
            for (int32_t j = 0; j < down.count[y]; j++) {
                sum += middle[(size_t)(down.first[y] + j) * (size_t)new_width + x] * weights[j];
            }
            const size_t place = (size_t)y * (size_t)new_width + x;
            target[place] = tall ? store_u16(sum) : middle[place];
        }
    }
    free(middle);
    plan_free(&across);
    plan_free(&down);
    return ok ? CM_OK : cm_fail(error, CM_NO_MEMORY, "no memory to resize to %d x %d pixels", new_width, new_height);
}

int cm_resize_nearest(
    const uint8_t *source, int32_t width, int32_t height, uint8_t *target, int32_t new_width, int32_t new_height,
    cm_error *error) {
    int32_t *columns = malloc(sizeof(int32_t) * (size_t)new_width);
    if (!columns) return cm_fail(error, CM_NO_MEMORY, "no memory to resize to %d x %d pixels", new_width, new_height);
    // Positions are accumulated, not multiplied, as Pillow does: the last digits differ.
    const double step_x = (double)width / new_width, step_y = (double)height / new_height;
    double place = step_x * 0.5;
    for (int32_t x = 0; x < new_width; x++, place += step_x) {
        columns[x] = place < width ? (int32_t)place : width - 1;
    }
    place = step_y * 0.5;
    for (int32_t y = 0; y < new_height; y++, place += step_y) {
        const uint8_t *row = source + (size_t)width * (size_t)(place < height ? (int32_t)place : height - 1);
        uint8_t *out = target + (size_t)new_width * (size_t)y;
        for (int32_t x = 0; x < new_width; x++) out[x] = row[columns[x]];
    }
    free(columns);
    return CM_OK;
}

void cm_patchify(
    const uint8_t *const *frames, int32_t temporal, int32_t grid_h, int32_t grid_w, int32_t patch, int32_t merge,
    const float *table, float *target) {
    const size_t stride = 3 * (size_t)grid_w * (size_t)patch;
    const size_t plane = (size_t)patch * (size_t)patch;
    for (int32_t block_y = 0; block_y < grid_h; block_y += merge) {
        for (int32_t block_x = 0; block_x < grid_w; block_x += merge) {
            for (int32_t inner = 0; inner < merge * merge; inner++) {
                const size_t row = (size_t)(block_y + inner / merge) * (size_t)patch;
                const size_t column = (size_t)(block_x + inner % merge) * (size_t)patch;
                for (int32_t t = 0; t < temporal; t++) {
                    if (t > 0 && frames[t] == frames[t - 1]) {
                        // A still repeats its one frame: copy instead of looking up again.
                        for (int c = 0; c < 3; c++) {
                            float *again = target + ((size_t)c * (size_t)temporal + (size_t)t) * plane;
                            memcpy(again, again - plane, plane * sizeof(float));
                        }
                        continue;
                    }
                    float *red = target + (size_t)t * plane;
                    float *green = red + (size_t)temporal * plane, *blue = green + (size_t)temporal * plane;
                    for (int32_t y = 0; y < patch; y++) {
                        const uint8_t *pixel = frames[t] + (row + (size_t)y) * stride + 3 * column;
                        for (int32_t x = 0; x < patch; x++, pixel += 3) {
                            *red++ = table[pixel[0]];
                            *green++ = table[256 + pixel[1]];
                            *blue++ = table[512 + pixel[2]];
                        }
                    }
                }
                target += 3 * (size_t)temporal * plane;
            }
        }
    }
}
