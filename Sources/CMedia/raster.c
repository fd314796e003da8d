#include "cmedia.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cm_fail(cm_error *error, int32_t code, const char *format, ...) {
    if (error) {
        va_list arguments;
        va_start(arguments, format);
        error->code = code;
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return code;
}

void cm_free(void *pointer) { free(pointer); }

int32_t cm_mode_bytes(int32_t mode) {
    switch (mode) {
        case CM_MODE_LA:
        case CM_MODE_I16: return 2;
        case CM_MODE_RGB: return 3;
        case CM_MODE_RGBA:
        case CM_MODE_CMYK: return 4;
        default: return 1;
    }
}

int cm_raster_alloc(cm_raster *raster, int64_t width, int64_t height, int32_t mode, cm_limits limits, cm_error *error) {
    memset(raster, 0, sizeof *raster);
    if (width < 1 || height < 1 || width > INT32_MAX || height > INT32_MAX) {
        return cm_fail(error, CM_CORRUPT, "its header says %lld x %lld pixels", (long long)width, (long long)height);
    }
    if (width > limits.max_pixels / height) {
        return cm_fail(
            error, CM_TOO_LARGE, "%lld x %lld pixels are more than the limit of %lld", (long long)width, (long long)height,
            (long long)limits.max_pixels);
    }
    // Three spare bytes let the kernels read four bytes at the last RGB pixel.
    size_t size = (size_t)width * (size_t)height * (size_t)cm_mode_bytes(mode);
    raster->pixels = malloc(size + 4);
    if (!raster->pixels) return cm_fail(error, CM_NO_MEMORY, "no memory for %zu bytes of pixels", size);
    raster->width = (int32_t)width;
    raster->height = (int32_t)height;
    raster->mode = mode;
    return CM_OK;
}

void cm_raster_free(cm_raster *raster) {
    free(raster->pixels);
    raster->pixels = NULL;
}

// round(a * b / 255) as Pillow computes it.
static inline uint32_t scale255(uint32_t a, uint32_t b) {
    uint32_t product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

void cm_premultiply(uint8_t *pixels, size_t count, int32_t channels) {
    for (size_t i = 0; i < count; i++, pixels += channels) {
        uint32_t alpha = pixels[channels - 1];
        for (int32_t c = 0; c < channels - 1; c++) pixels[c] = (uint8_t)scale255(pixels[c], alpha);
    }
}

void cm_unpremultiply(uint8_t *pixels, size_t count, int32_t channels) {
    for (size_t i = 0; i < count; i++, pixels += channels) {
        uint32_t alpha = pixels[channels - 1];
        if (alpha == 0 || alpha == 255) continue;
        for (int32_t c = 0; c < channels - 1; c++) {
            uint32_t value = 255 * (uint32_t)pixels[c] / alpha;
            pixels[c] = (uint8_t)(value > 255 ? 255 : value);
        }
    }
}

void cm_convert_rgb(const cm_raster *raster, uint8_t *target) {
    size_t count = (size_t)raster->width * (size_t)raster->height;
    const uint8_t *source = raster->pixels;
    switch (raster->mode) {
        case CM_MODE_1:
        case CM_MODE_L:
            for (size_t i = 0; i < count; i++) target[3 * i] = target[3 * i + 1] = target[3 * i + 2] = source[i];
            break;
        case CM_MODE_LA:
            for (size_t i = 0; i < count; i++) target[3 * i] = target[3 * i + 1] = target[3 * i + 2] = source[2 * i];
            break;
        case CM_MODE_P:
            for (size_t i = 0; i < count; i++) memcpy(target + 3 * i, raster->palette + 3 * source[i], 3);
            break;
        case CM_MODE_RGB: memcpy(target, source, 3 * count); break;
        case CM_MODE_RGBA:
            for (size_t i = 0; i < count; i++) memcpy(target + 3 * i, source + 4 * i, 3);
            break;
        case CM_MODE_CMYK:
            for (size_t i = 0; i < count; i++) {
                uint32_t white = 255 - (uint32_t)source[4 * i + 3];
                for (int c = 0; c < 3; c++) {
                    int32_t value = (int32_t)white - (int32_t)scale255(source[4 * i + c], white);
                    target[3 * i + c] = (uint8_t)(value < 0 ? 0 : value);
                }
            }
            break;
        case CM_MODE_I16:
            // Pillow clips, it does not scale: everything above 255 is white.
            for (size_t i = 0; i < count; i++) {
                uint8_t value = source[2 * i + 1] == 0 ? source[2 * i] : 255;
                target[3 * i] = target[3 * i + 1] = target[3 * i + 2] = value;
            }
            break;
        default: break;
    }
}
