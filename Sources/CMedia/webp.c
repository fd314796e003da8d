// WebP through libwebp's animation decoder, as Pillow does, also for stills: the first frame on its canvas.
#include "cmedia.h"

#include <stdlib.h>
#include <string.h>

#include <webp/decode.h>
#include <webp/demux.h>
#include <webp/encode.h>

int cm_webp_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error) {
    WebPBitstreamFeatures features;
    VP8StatusCode status = WebPGetFeatures(bytes, count, &features);
    if (status == VP8_STATUS_NOT_ENOUGH_DATA) return cm_fail(error, CM_NEED_MORE, "the header is not complete");
    if (status != VP8_STATUS_OK) return cm_fail(error, CM_CORRUPT, "libwebp status %d", (int)status);
    *width = features.width;
    *height = features.height;
    return CM_OK;
}

int cm_webp_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error) {
    memset(raster, 0, sizeof *raster);
    int32_t width, height;
    int status = cm_webp_size(bytes, count, &width, &height, error);
    if (status == CM_NEED_MORE) return cm_fail(error, CM_TRUNCATED, "it ends inside its header");
    if (status != CM_OK) return status;
    if (width < 1 || height < 1 || width > limits.max_pixels / height) {
        // The decoder allocates its canvas at once: refuse before it does.
        return cm_raster_alloc(raster, width, height, CM_MODE_RGBA, limits, error);
    }
    WebPAnimDecoderOptions options;
    if (!WebPAnimDecoderOptionsInit(&options)) return cm_fail(error, CM_UNSUPPORTED, "libwebp's versions differ");
    options.color_mode = MODE_RGBA;
    options.use_threads = 0;
    WebPData data = {bytes, count};
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
    if (!decoder) return cm_fail(error, CM_TRUNCATED, "libwebp cannot take it apart; it may be cut short");
    uint8_t *frame = NULL;
    int timestamp = 0;
    WebPAnimInfo info;
    if (!WebPAnimDecoderGetInfo(decoder, &info) || !WebPAnimDecoderGetNext(decoder, &frame, &timestamp)) {
        WebPAnimDecoderDelete(decoder);
        return cm_fail(error, CM_CORRUPT, "libwebp cannot decode its pixels");
    }
    uint32_t flags = WebPDemuxGetI(WebPAnimDecoderGetDemuxer(decoder), WEBP_FF_FORMAT_FLAGS);
    int32_t mode = flags & ALPHA_FLAG ? CM_MODE_RGBA : CM_MODE_RGB;
    status = cm_raster_alloc(raster, info.canvas_width, info.canvas_height, mode, limits, error);
    if (status == CM_OK) {
        size_t pixels = (size_t)info.canvas_width * (size_t)info.canvas_height;
        if (mode == CM_MODE_RGBA) {
            memcpy(raster->pixels, frame, 4 * pixels);
        } else {
            for (size_t i = 0; i < pixels; i++) memcpy(raster->pixels + 3 * i, frame + 4 * i, 3);
        }
    }
    WebPAnimDecoderDelete(decoder);
    return status;
}

int cm_webp_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t quality, uint8_t **out, size_t *count,
    cm_error *error) {
    uint8_t *encoded = NULL;
    size_t size = WebPEncodeRGB(pixels, width, height, width * 3, (float)quality, &encoded);
    if (size == 0) return cm_fail(error, CM_UNSUPPORTED, "a WebP image has at most 16383 pixels a side");
    // libwebp's memory is not malloc'ed everywhere; what cm_free gets is.
    *out = malloc(size);
    if (*out) memcpy(*out, encoded, size);
    WebPFree(encoded);
    if (!*out) return cm_fail(error, CM_NO_MEMORY, "no memory for %zu bytes", size);
    *count = size;
    return CM_OK;
}
