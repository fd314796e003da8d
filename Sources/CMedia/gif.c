// The first frame of a GIF as Pillow sees it: palette indices on a canvas of the transparent index (or 0).
#include "cmedia.h"

#include <string.h>

typedef struct {
    const uint8_t *bytes;
    size_t count, at;
} gif_input;

typedef struct {
    int32_t width, height;              // of the canvas, grown to hold the frame
    int32_t x, y, frame_width, frame_height;
    int32_t interlaced, transparent;    // transparent index, -1 for none
    int32_t has_colors;                 // a palette that is not a grey wedge
    uint8_t palette[768];
    size_t data;                        // where the frame's compressed bytes begin
} gif_frame;

static int need(const gif_input *input, size_t count) { return input->count - input->at >= count; }
static int32_t u16(const uint8_t *bytes) { return bytes[0] | bytes[1] << 8; }

// Pillow ignores a palette that is nothing but the grey wedge: such a file is in mode L.
static int read_palette(gif_input *input, int bits, gif_frame *frame) {
    size_t entries = (size_t)2 << bits;
    if (!need(input, 3 * entries)) return 0;
    const uint8_t *colors = input->bytes + input->at;
    input->at += 3 * entries;
    frame->has_colors = 0;
    for (size_t i = 0; i < 3 * entries; i++) frame->has_colors |= colors[i] != i / 3;
    memset(frame->palette, 0, sizeof frame->palette);
    memcpy(frame->palette, colors, 3 * entries);
    return 1;
}

static int read_frame(gif_input *input, gif_frame *frame, cm_error *error) {
    memset(frame, 0, sizeof *frame);
    frame->transparent = -1;
    if (!need(input, 13)) return cm_fail(error, CM_NEED_MORE, "the header is not complete");
    frame->width = u16(input->bytes + 6);
    frame->height = u16(input->bytes + 8);
    uint8_t flags = input->bytes[10];
    input->at = 13;
    if (flags & 128 && !read_palette(input, flags & 7, frame)) {
        return cm_fail(error, CM_NEED_MORE, "it ends inside its palette");
    }
    for (;;) {
        if (!need(input, 1)) return cm_fail(error, CM_NEED_MORE, "it ends before its first frame");
        uint8_t kind = input->bytes[input->at++];
        if (kind == 0x3B) return cm_fail(error, CM_CORRUPT, "no frame in it");
        if (kind == 0x21) {
            if (!need(input, 1)) return cm_fail(error, CM_NEED_MORE, "it ends inside an extension");
            uint8_t label = input->bytes[input->at++];
            for (int block = 0;; block++) {
                if (!need(input, 1)) return cm_fail(error, CM_NEED_MORE, "it ends inside an extension");
                size_t size = input->bytes[input->at++];
                if (!need(input, size)) return cm_fail(error, CM_NEED_MORE, "it ends inside an extension");
                const uint8_t *body = input->bytes + input->at;
                if (label == 0xF9 && block == 0 && size >= 4 && body[0] & 1) frame->transparent = body[3];
                input->at += size;
                if (size == 0) break;
            }
        } else if (kind == 0x2C) {
            if (!need(input, 9)) return cm_fail(error, CM_NEED_MORE, "it ends inside a frame header");
            const uint8_t *body = input->bytes + input->at;
            frame->x = u16(body);
            frame->y = u16(body + 2);
            frame->frame_width = u16(body + 4);
            frame->frame_height = u16(body + 6);
            frame->interlaced = (body[8] & 64) != 0;
            input->at += 9;
            if (body[8] & 128 && !read_palette(input, body[8] & 7, frame)) {
                return cm_fail(error, CM_NEED_MORE, "it ends inside its palette");
            }
            int32_t right = frame->x + frame->frame_width, bottom = frame->y + frame->frame_height;
            if (right > frame->width) frame->width = right;
            if (bottom > frame->height) frame->height = bottom;
            frame->data = input->at;
            return CM_OK;
        }
    }
}

int cm_gif_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error) {
    gif_input input = {bytes, count, 0};
    gif_frame frame;
    int status = read_frame(&input, &frame, error);
    *width = frame.width;
    *height = frame.height;
    return status;
}

// Places decoded indices on the canvas, row by row or in GIF's four interlaced passes.
typedef struct {
    cm_raster *raster;
    const gif_frame *frame;
    int32_t x, y, pass;
} gif_pen;

static void put(gif_pen *pen, uint8_t value) {
    static const int32_t starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    const gif_frame *frame = pen->frame;
    size_t row = (size_t)(frame->y + pen->y) * (size_t)pen->raster->width;
    pen->raster->pixels[row + (size_t)(frame->x + pen->x)] = value;
    if (++pen->x < frame->frame_width) return;
    pen->x = 0;
    pen->y += frame->interlaced ? steps[pen->pass] : 1;
    while (frame->interlaced && pen->y >= frame->frame_height && pen->pass < 3) pen->y = starts[++pen->pass];
}

int cm_gif_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error) {
    gif_input input = {bytes, count, 0};
    gif_frame frame;
    int status = read_frame(&input, &frame, error);
    if (status != CM_OK) return status;
    status = cm_raster_alloc(raster, frame.width, frame.height, frame.has_colors ? CM_MODE_P : CM_MODE_L, limits, error);
    if (status != CM_OK) return status;
    memcpy(raster->palette, frame.palette, sizeof frame.palette);
    memset(raster->pixels, frame.transparent < 0 ? 0 : frame.transparent, (size_t)frame.width * (size_t)frame.height);

    uint8_t last[4096], text[4097];
    uint16_t link[4096];
    input.at = frame.data;
    if (!need(&input, 1)) goto truncated;
    const uint32_t bits = input.bytes[input.at++];
    if (bits < 1 || bits > 11) {
        cm_raster_free(raster);
        return cm_fail(error, CM_CORRUPT, "a code size of %u bits", (unsigned)bits);
    }
    const uint32_t clear = 1u << bits, end = clear + 1;
    uint32_t next = clear + 2, size = bits + 1, buffer = 0, held = 0, previous = end;
    size_t block = 0;
    gif_pen pen = {.raster = raster, .frame = &frame};
    while (pen.y < frame.frame_height && frame.frame_width > 0) {
        while (held < size) {
            if (!need(&input, 1)) goto truncated;
            if (block == 0) {
                block = input.bytes[input.at++];
                if (block == 0 || !need(&input, block)) goto truncated;
                continue;
            }
            buffer |= (uint32_t)input.bytes[input.at++] << held;
            held += 8;
            block--;
        }
        uint32_t code = buffer & ((1u << size) - 1);
        buffer >>= size;
        held -= size;
        if (code == end) break;
        if (code == clear) {
            next = clear + 2;
            size = bits + 1;
            previous = end;
            continue;
        }
        // The first code after a clear is a plain value; a later one may be at most the entry about to be made.
        if (previous == end ? code >= clear : code > next || (code == next && next >= 4096)) {
            cm_raster_free(raster);
            return cm_fail(error, CM_CORRUPT, "an impossible LZW code");
        }
        uint32_t walk = code;
        size_t length = 0;
        if (previous != end && code == next) {
            length = 1;  // its last byte is its first: filled in below
            walk = previous;
        }
        while (walk >= clear) {
            text[length++] = last[walk];
            walk = link[walk];
        }
        text[length++] = (uint8_t)walk;
        if (previous != end && code == next) text[0] = (uint8_t)walk;
        if (previous != end && next < 4096) {
            last[next] = (uint8_t)walk;
            link[next] = (uint16_t)previous;
            if (++next == 1u << size && size < 12) size++;
        }
        previous = code;
        while (length > 0 && pen.y < frame.frame_height) put(&pen, text[--length]);
    }
    return CM_OK;

truncated:
    cm_raster_free(raster);
    return cm_fail(error, CM_TRUNCATED, "it ends inside its first frame");
}
