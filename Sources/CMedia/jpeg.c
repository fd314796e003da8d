// JPEG through libjpeg-turbo with the settings Pillow uses: accurate integer DCT, smooth chroma upsampling, a source
// that suspends at the end of the data, so that a truncated file is an error and not grey pixels.
#include "cmedia.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

typedef struct {
    struct jpeg_error_mgr base;
    jmp_buf jump;
    char text[JMSG_LENGTH_MAX];
} jpeg_failure;

static void on_error(j_common_ptr info) {
    jpeg_failure *failure = (jpeg_failure *)info->err;
    info->err->format_message(info, failure->text);
    longjmp(failure->jump, 1);
}

static void on_message(j_common_ptr info) { (void)info; }
static void nothing(j_decompress_ptr info) { (void)info; }

static boolean out_of_data(j_decompress_ptr info) {
    (void)info;
    return FALSE;
}

static void skip(j_decompress_ptr info, long count) {
    struct jpeg_source_mgr *source = info->src;
    if (count <= 0) return;
    size_t step = (size_t)count < source->bytes_in_buffer ? (size_t)count : source->bytes_in_buffer;
    source->next_input_byte += step;
    source->bytes_in_buffer -= step;
}

// A progressive file may hold any number of scans over all pixels; real ones have about ten.
static void check_scans(j_common_ptr info) {
    j_decompress_ptr decoder = (j_decompress_ptr)info;
    if (decoder->input_scan_number > 500) {
        jpeg_failure *failure = (jpeg_failure *)info->err;
        snprintf(failure->text, sizeof failure->text, "more than 500 scans");
        longjmp(failure->jump, 1);
    }
}

typedef struct {
    struct jpeg_decompress_struct info;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jpeg_failure failure;
} jpeg_reader;

static void prepare(jpeg_reader *reader, const uint8_t *bytes, size_t count) {
    jpeg_create_decompress(&reader->info);
    reader->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = count,
        .init_source = nothing,
        .fill_input_buffer = out_of_data,
        .skip_input_data = skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = nothing,
    };
    reader->info.src = &reader->source;
    reader->progress.progress_monitor = check_scans;
    reader->info.progress = &reader->progress;
}

static void watch_errors(jpeg_reader *reader) {
    memset(reader, 0, sizeof *reader);
    reader->info.err = jpeg_std_error(&reader->failure.base);
    reader->failure.base.error_exit = on_error;
    reader->failure.base.output_message = on_message;
}

int cm_jpeg_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error) {
    jpeg_reader reader;
    watch_errors(&reader);
    if (setjmp(reader.failure.jump)) {
        jpeg_destroy_decompress(&reader.info);
        return cm_fail(error, CM_CORRUPT, "%s", reader.failure.text);
    }
    prepare(&reader, bytes, count);
    int status = jpeg_read_header(&reader.info, FALSE);
    *width = (int32_t)reader.info.image_width;
    *height = (int32_t)reader.info.image_height;
    jpeg_destroy_decompress(&reader.info);
    if (status == JPEG_SUSPENDED) return cm_fail(error, CM_NEED_MORE, "the header is not complete");
    if (status != JPEG_HEADER_OK) return cm_fail(error, CM_CORRUPT, "no image in it");
    return CM_OK;
}

int cm_jpeg_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error) {
    memset(raster, 0, sizeof *raster);
    jpeg_reader reader;
    watch_errors(&reader);
    if (setjmp(reader.failure.jump)) {
        jpeg_destroy_decompress(&reader.info);
        cm_raster_free(raster);
        return cm_fail(error, CM_CORRUPT, "%s", reader.failure.text);
    }
    prepare(&reader, bytes, count);
    int status = jpeg_read_header(&reader.info, FALSE);
    if (status != JPEG_HEADER_OK) {
        jpeg_destroy_decompress(&reader.info);
        return cm_fail(error, CM_TRUNCATED, "it ends inside its header");
    }
    int32_t mode;
    switch (reader.info.num_components) {
        case 1: mode = CM_MODE_L; reader.info.out_color_space = JCS_GRAYSCALE; break;
        case 3: mode = CM_MODE_RGB; reader.info.out_color_space = JCS_RGB; break;
        case 4: mode = CM_MODE_CMYK; reader.info.out_color_space = JCS_CMYK; break;
        default: {
            int components = reader.info.num_components;
            jpeg_destroy_decompress(&reader.info);
            return cm_fail(error, CM_UNSUPPORTED, "a JPEG of %d components", components);
        }
    }
    int allocated = cm_raster_alloc(raster, reader.info.image_width, reader.info.image_height, mode, limits, error);
    if (allocated != CM_OK) {
        jpeg_destroy_decompress(&reader.info);
        return allocated;
    }
    size_t stride = (size_t)raster->width * (size_t)cm_mode_bytes(mode);
    int32_t done = 0;
    if (jpeg_start_decompress(&reader.info)) {
        while (done < raster->height) {
            JSAMPROW rows[8];
            int32_t wanted = raster->height - done < 8 ? raster->height - done : 8;
            for (int32_t i = 0; i < wanted; i++) rows[i] = raster->pixels + stride * (size_t)(done + i);
            JDIMENSION read = jpeg_read_scanlines(&reader.info, rows, (JDIMENSION)wanted);
            if (read == 0) break;
            done += (int32_t)read;
        }
    }
    jpeg_destroy_decompress(&reader.info);
    if (done < raster->height) {
        int32_t height = raster->height;
        cm_raster_free(raster);
        return cm_fail(error, CM_TRUNCATED, "it ends after %d of %d pixel rows", (int)done, (int)height);
    }
    if (mode == CM_MODE_CMYK) {
        // Adobe writes CMYK inverted, and Pillow takes every four-component file for Adobe's.
        size_t size = stride * (size_t)raster->height;
        for (size_t i = 0; i < size; i++) raster->pixels[i] = (uint8_t)(255 - raster->pixels[i]);
    }
    return CM_OK;
}

int cm_jpeg_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t quality, uint8_t **out,
    size_t *count, cm_error *error) {
    if (width < 1 || height < 1 || width > 65500 || height > 65500 || (channels != 1 && channels != 3)) {
        return cm_fail(error, CM_UNSUPPORTED, "a JPEG of %d x %d pixels and %d channels", width, height, channels);
    }
    struct jpeg_compress_struct info;
    jpeg_failure failure;
    unsigned char *buffer = NULL;
    unsigned long size = 0;
    memset(&info, 0, sizeof info);
    info.err = jpeg_std_error(&failure.base);
    failure.base.error_exit = on_error;
    failure.base.output_message = on_message;
    if (setjmp(failure.jump)) {
        jpeg_destroy_compress(&info);
        return cm_fail(error, CM_CORRUPT, "%s", failure.text);
    }
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &buffer, &size);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.input_components = channels;
    info.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&info);
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + (size_t)info.next_scanline * (size_t)width * (size_t)channels);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    *out = buffer;
    *count = size;
    return CM_OK;
}
