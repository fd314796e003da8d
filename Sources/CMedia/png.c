// PNG through libpng, read into the modes Pillow would choose for the same file.
#include "cmedia.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

typedef struct {
    const uint8_t *bytes;
    size_t left;
    int truncated;
    char text[160];
    jmp_buf jump;
} png_input;

static void on_error(png_structp png, png_const_charp text) {
    png_input *input = png_get_error_ptr(png);
    strncpy(input->text, text, sizeof input->text - 1);
    input->text[sizeof input->text - 1] = 0;
    longjmp(input->jump, 1);
}

static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void on_read(png_structp png, png_bytep target, size_t count) {
    png_input *input = png_get_io_ptr(png);
    if (count > input->left) {
        input->truncated = 1;
        png_error(png, "end of data");
    }
    memcpy(target, input->bytes, count);
    input->bytes += count;
    input->left -= count;
}

int cm_png_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error) {
    if (count < 24) return cm_fail(error, CM_NEED_MORE, "the header is not complete");
    if (memcmp(bytes + 12, "IHDR", 4) != 0) return cm_fail(error, CM_CORRUPT, "it does not begin with an IHDR chunk");
    uint32_t sides[2];
    for (int i = 0; i < 2; i++) {
        const uint8_t *place = bytes + 16 + 4 * i;
        sides[i] = (uint32_t)place[0] << 24 | (uint32_t)place[1] << 16 | (uint32_t)place[2] << 8 | place[3];
        if (sides[i] == 0 || sides[i] > INT32_MAX) return cm_fail(error, CM_CORRUPT, "a side of %u pixels", sides[i]);
    }
    *width = (int32_t)sides[0];
    *height = (int32_t)sides[1];
    return CM_OK;
}

int cm_png_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error) {
    memset(raster, 0, sizeof *raster);
    png_input input = {.bytes = bytes, .left = count};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &input, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    png_bytep *volatile rows = NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return cm_fail(error, CM_NO_MEMORY, "libpng could not start");
    }
    if (setjmp(input.jump)) {
        png_destroy_read_struct(&png, &info, NULL);
        free(rows);
        cm_raster_free(raster);
        return cm_fail(error, input.truncated ? CM_TRUNCATED : CM_CORRUPT, "%s", input.text);
    }
    png_set_read_fn(png, &input, on_read);
    png_set_user_limits(png, INT32_MAX, INT32_MAX);
    png_set_chunk_malloc_max(png, 64 << 20);
    png_read_info(png, info);
    png_uint_32 width, height;
    int bits, color;
    png_get_IHDR(png, info, &width, &height, &bits, &color, NULL, NULL, NULL);

    int32_t mode;
    switch (color) {
        case PNG_COLOR_TYPE_GRAY:
            mode = bits == 1 ? CM_MODE_1 : bits == 16 ? CM_MODE_I16 : CM_MODE_L;
            if (bits < 8) png_set_expand_gray_1_2_4_to_8(png);
            if (bits == 16) png_set_swap(png);
            break;
        case PNG_COLOR_TYPE_PALETTE:
            mode = CM_MODE_P;
            if (bits < 8) png_set_packing(png);
            break;
        case PNG_COLOR_TYPE_GRAY_ALPHA:
            // Pillow has no 16-bit LA and reads such a file as RGBA.
            mode = bits == 16 ? CM_MODE_RGBA : CM_MODE_LA;
            if (bits == 16) png_set_gray_to_rgb(png);
            break;
        case PNG_COLOR_TYPE_RGB: mode = CM_MODE_RGB; break;
        default: mode = CM_MODE_RGBA; break;
    }
    // Pillow keeps the high byte, it does not round.
    if (bits == 16 && mode != CM_MODE_I16) png_set_strip_16(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);

    int allocated = cm_raster_alloc(raster, width, height, mode, limits, error);
    if (allocated != CM_OK) {
        png_destroy_read_struct(&png, &info, NULL);
        return allocated;
    }
    size_t stride = (size_t)width * (size_t)cm_mode_bytes(mode);
    if (png_get_rowbytes(png, info) != stride) png_error(png, "unexpected row size");
    if (mode == CM_MODE_P) {
        png_colorp colors = NULL;
        int entries = 0;
        png_get_PLTE(png, info, &colors, &entries);
        for (int i = 0; i < entries && i < 256; i++) {
            raster->palette[3 * i] = colors[i].red;
            raster->palette[3 * i + 1] = colors[i].green;
            raster->palette[3 * i + 2] = colors[i].blue;
        }
    }
    rows = malloc(sizeof(png_bytep) * height);
    if (!rows) png_error(png, "no memory");
    for (png_uint_32 y = 0; y < height; y++) rows[y] = raster->pixels + stride * y;
    png_read_image(png, rows);
    png_destroy_read_struct(&png, &info, NULL);
    free(rows);
    return CM_OK;
}

typedef struct {
    uint8_t *bytes;
    size_t count, capacity;
} png_output;

static void on_write(png_structp png, png_bytep source, size_t count) {
    png_output *output = png_get_io_ptr(png);
    if (output->count + count > output->capacity) {
        size_t capacity = 2 * output->capacity + count + 4096;
        uint8_t *grown = realloc(output->bytes, capacity);
        if (!grown) png_error(png, "no memory");
        output->bytes = grown;
        output->capacity = capacity;
    }
    memcpy(output->bytes + output->count, source, count);
    output->count += count;
}

static void on_flush(png_structp png) { (void)png; }

int cm_png_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, uint8_t **out, size_t *count,
    cm_error *error) {
    if (width < 1 || height < 1 || channels < 1 || channels > 4) {
        return cm_fail(error, CM_UNSUPPORTED, "a PNG of %d x %d pixels and %d channels", width, height, channels);
    }
    static const int colors[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA};
    png_input failure = {0};
    png_output output = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &failure, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return cm_fail(error, CM_NO_MEMORY, "libpng could not start");
    }
    if (setjmp(failure.jump)) {
        png_destroy_write_struct(&png, &info);
        free(output.bytes);
        return cm_fail(error, CM_CORRUPT, "%s", failure.text);
    }
    png_set_write_fn(png, &output, on_write, on_flush);
    png_set_user_limits(png, INT32_MAX, INT32_MAX);
    png_set_IHDR(
        png, info, (png_uint_32)width, (png_uint_32)height, 8, colors[channels - 1], PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int32_t y = 0; y < height; y++) {
        png_write_row(png, pixels + (size_t)y * (size_t)width * (size_t)channels);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    *out = output.bytes;
    *count = output.count;
    return CM_OK;
}
