#pragma once
// Small C shims over libjpeg-turbo, libpng, libwebp and FFmpeg, and the pixel kernels of image pre-processing.
// No function here traps on bad input: each returns a status and fills `cm_error`.
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CM_OK = 0,
    CM_NEED_MORE = 1,    // the given prefix of the file ends before the wanted header
    CM_TRUNCATED = 2,    // the file ends before its pixels do
    CM_CORRUPT = 3,      // not decodable
    CM_TOO_LARGE = 4,    // over a limit of `cm_limits`
    CM_UNSUPPORTED = 5,  // a known format, but not this flavour of it
    CM_NO_LIBRARY = 6,   // FFmpeg's shared libraries are not installed
    CM_NO_MEMORY = 7,
};

typedef struct {
    int32_t code;
    char message[240];
} cm_error;

typedef struct {
    int64_t max_pixels;
} cm_limits;

/// Pillow's image modes, with the bytes a pixel takes here.
enum {
    CM_MODE_1 = 0,     // 1 byte, 0 or 255
    CM_MODE_L = 1,     // 1
    CM_MODE_LA = 2,    // 2
    CM_MODE_P = 3,     // 1, index into `palette`
    CM_MODE_RGB = 4,   // 3
    CM_MODE_RGBA = 5,  // 4
    CM_MODE_CMYK = 6,  // 4
    CM_MODE_I16 = 7,   // 2, little endian
};

/// A decoded image in its file's own mode. `pixels` is malloc'ed, rows are tight; free with cm_raster_free.
typedef struct {
    uint8_t *pixels;
    int32_t width, height, mode;
    uint8_t palette[768];  // RGB; entries a file does not define are black
} cm_raster;

int32_t cm_mode_bytes(int32_t mode);
/// Allocates `pixels` for width, height and mode after checking the limits.
int cm_raster_alloc(cm_raster *raster, int64_t width, int64_t height, int32_t mode, cm_limits limits, cm_error *error);
void cm_raster_free(cm_raster *raster);
int cm_fail(cm_error *error, int32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));

// One pair of functions a format: the size from a prefix of the file, and all pixels.
int cm_jpeg_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error);
int cm_jpeg_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error);
int cm_png_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error);
int cm_png_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error);
int cm_webp_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error);
int cm_webp_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error);
int cm_gif_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error);
int cm_gif_decode(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error);

/// Still images of any other format FFmpeg knows (BMP, TIFF, …).
int cm_ffmpeg_image_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error);
int cm_ffmpeg_decode_image(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error);

/// A video stream being read by FFmpeg, whose libraries are loaded at the first call and not before.
typedef struct cm_video cm_video;

typedef struct {
    int64_t num_frames;      // as the container says; 0 when it does not
    int64_t duration;        // in units of the time base; negative when unknown
    int32_t time_base_num, time_base_den;
    int32_t rate_num, rate_den;  // average frame rate; 0/0 when unknown
    int32_t width, height;
} cm_video_info;

/// Opens a file, or a copy of `count` bytes when `path` is null.
int cm_video_open(
    const char *path, const uint8_t *bytes, size_t count, cm_limits limits, cm_video **video, cm_video_info *info,
    cm_error *error);
/// Decodes the next frame in display order. `*finished` is 1 at the end of the stream.
int cm_video_next(cm_video *video, int32_t *finished, cm_error *error);
/// The current frame as an RGB raster.
int cm_video_frame(cm_video *video, cm_raster *raster, cm_error *error);
void cm_video_close(cm_video *video);
/// Version of the FFmpeg headers this program was built with, e.g. "libavformat 59".
const char *cm_ffmpeg_version(void);
/// CM_OK when FFmpeg's libraries can be loaded.
int cm_ffmpeg_load(cm_error *error);

/// Encodes tight rows of 1, 3 or 4 channels (4 only for PNG). `*out` is malloc'ed, free with cm_free.
int cm_png_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, uint8_t **out, size_t *count, cm_error *error);
int cm_jpeg_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t channels, int32_t quality, uint8_t **out,
    size_t *count, cm_error *error);
/// RGB rows as a lossy WebP file.
int cm_webp_encode(
    const uint8_t *pixels, int32_t width, int32_t height, int32_t quality, uint8_t **out, size_t *count,
    cm_error *error);
void cm_free(void *pointer);

// Bicubic resampling with antialiasing, two passes, 8-bit intermediate.
enum {
    CM_FIXED_POINT_PILLOW = 0,  // 22-bit weights: Pillow's Resample.c
    CM_FIXED_POINT_TORCH = 1,   // 16-bit weights: ATen's uint8 antialiased upsampling
};
/// `source` and `target` are tight rows of `channels` (1...4) bytes a pixel. Sizes must be positive.
int cm_resize_bicubic(
    const uint8_t *source, int32_t width, int32_t height, int32_t channels, int32_t flavor, uint8_t *target,
    int32_t new_width, int32_t new_height, cm_error *error);
/// The same filter in floating point on 16-bit pixels: Pillow's path for mode I;16.
int cm_resize_bicubic_u16(
    const uint16_t *source, int32_t width, int32_t height, uint16_t *target, int32_t new_width, int32_t new_height,
    cm_error *error);
/// Nearest neighbour on one byte a pixel: what Pillow does for modes 1 and P whatever filter is asked for.
int cm_resize_nearest(
    const uint8_t *source, int32_t width, int32_t height, uint8_t *target, int32_t new_width, int32_t new_height,
    cm_error *error);

/// Pillow's LA -> La and RGBA -> RGBa (in place); the last channel is alpha.
void cm_premultiply(uint8_t *pixels, size_t count, int32_t channels);
/// Pillow's La -> LA and RGBa -> RGBA (in place).
void cm_unpremultiply(uint8_t *pixels, size_t count, int32_t channels);
/// Pillow's convert("RGB") of every mode above; `target` has 3 bytes a pixel.
void cm_convert_rgb(const cm_raster *raster, uint8_t *target);

/// Writes one temporal slice of patches. `frames` are `temporal` images of grid_w*patch x grid_h*patch RGB pixels,
/// `table` is 3 x 256 normalised values. Row order: blocks of merge x merge patches; inside a row channel, frame, y, x.
void cm_patchify(
    const uint8_t *const *frames, int32_t temporal, int32_t grid_h, int32_t grid_w, int32_t patch, int32_t merge,
    const float *table, float *target);

#ifdef __cplusplus
}
#endif
