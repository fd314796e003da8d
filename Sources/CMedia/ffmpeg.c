// Video and the rarer image formats through FFmpeg. Its libraries are opened at first use: linking them would load
// more than a hundred shared objects at every start.
#include "cmedia.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#define FOR_UTIL(X) \
    X(av_dict_free) X(av_dict_set) X(av_frame_alloc) X(av_frame_free) X(av_frame_unref) X(av_free) X(av_log_set_level) \
    X(av_malloc) X(av_strerror)
#define FOR_CODEC(X) \
    X(av_packet_alloc) X(av_packet_free) X(av_packet_unref) X(avcodec_alloc_context3) X(avcodec_find_decoder) \
    X(avcodec_free_context) X(avcodec_open2) X(avcodec_parameters_to_context) X(avcodec_receive_frame) \
    X(avcodec_send_packet)
#define FOR_FORMAT(X) \
    X(av_read_frame) X(avformat_alloc_context) X(avformat_close_input) X(avformat_find_stream_info) \
    X(avformat_open_input) X(avio_alloc_context) X(avio_context_free) X(avformat_seek_file) X(av_seek_frame)
#define FOR_SCALE(X) X(sws_freeContext) X(sws_getCachedContext) X(sws_scale)

#define DECLARE(name) __typeof__(&name) name;
static struct {
    FOR_UTIL(DECLARE) FOR_CODEC(DECLARE) FOR_FORMAT(DECLARE) FOR_SCALE(DECLARE)
} ff;
static char load_failure[200];
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)
#ifdef __APPLE__
#define FILE_NAME(base, major) "lib" base "." TEXT(major) ".dylib"
#else
#define FILE_NAME(base, major) "lib" base ".so." TEXT(major)
#endif

static void *open_library(const char *file) {
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library && !load_failure[0]) snprintf(load_failure, sizeof load_failure, "%s cannot be loaded", file);
    return library;
}

static void load(void) {
    void *util = open_library(FILE_NAME("avutil", LIBAVUTIL_VERSION_MAJOR));
    void *codec = open_library(FILE_NAME("avcodec", LIBAVCODEC_VERSION_MAJOR));
    void *format = open_library(FILE_NAME("avformat", LIBAVFORMAT_VERSION_MAJOR));
    void *scale = open_library(FILE_NAME("swscale", LIBSWSCALE_VERSION_MAJOR));
    if (load_failure[0]) return;
    const char *missing = NULL;
#define FIND_IN(library, name) \
    if (!(*(void **)&ff.name = dlsym(library, #name))) missing = #name;
#define FIND_UTIL(name) FIND_IN(util, name)
#define FIND_CODEC(name) FIND_IN(codec, name)
#define FIND_FORMAT(name) FIND_IN(format, name)
#define FIND_SCALE(name) FIND_IN(scale, name)
    FOR_UTIL(FIND_UTIL) FOR_CODEC(FIND_CODEC) FOR_FORMAT(FIND_FORMAT) FOR_SCALE(FIND_SCALE)
    if (missing) {
        snprintf(load_failure, sizeof load_failure, "FFmpeg's libraries lack %s", missing);
        return;
    }
    ff.av_log_set_level(AV_LOG_QUIET);
}

int cm_ffmpeg_load(cm_error *error) {
    pthread_once(&load_once, load);
    if (!load_failure[0]) return CM_OK;
    return cm_fail(
        error, CM_NO_LIBRARY, "this format needs FFmpeg, but %s. Install FFmpeg (Debian: apt install libavformat%d libswscale%d)",
        load_failure, LIBAVFORMAT_VERSION_MAJOR, LIBSWSCALE_VERSION_MAJOR);
}

const char *cm_ffmpeg_version(void) { return "libavformat " TEXT(LIBAVFORMAT_VERSION_MAJOR); }

struct cm_video {
    AVFormatContext *format;
    AVCodecContext *codec;
    AVIOContext *io;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scale;
    const uint8_t *bytes;
    uint8_t *owned;  // a copy of the caller's bytes, or null
    int64_t count, at;
    int stream, draining;
    cm_limits limits;
};

static int fail(cm_error *error, int status, const char *what) {
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    ff.av_strerror(status, text, sizeof text);
    return cm_fail(error, CM_CORRUPT, "%s: %s", what, text);
}

static int read_bytes(void *opaque, uint8_t *target, int size) {
    cm_video *video = opaque;
    int64_t left = video->count - video->at;
    if (left <= 0) return AVERROR_EOF;
    int step = left < size ? (int)left : size;
    memcpy(target, video->bytes + video->at, (size_t)step);
    video->at += step;
    return step;
}

static int64_t seek_bytes(void *opaque, int64_t offset, int whence) {
    cm_video *video = opaque;
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return video->count;
    int64_t place = whence == SEEK_SET ? offset : whence == SEEK_CUR ? video->at + offset : video->count + offset;
    if (place < 0 || place > video->count) return AVERROR(EINVAL);
    video->at = place;
    return place;
}

void cm_video_close(cm_video *video) {
    if (!video) return;
    ff.sws_freeContext(video->scale);
    ff.av_frame_free(&video->frame);
    ff.av_packet_free(&video->packet);
    ff.avcodec_free_context(&video->codec);
    ff.avformat_close_input(&video->format);
    if (video->io) {
        ff.av_free(video->io->buffer);
        ff.avio_context_free(&video->io);
    }
    free(video->owned);
    free(video);
}

// Containers that hold their frames themselves: playlists and scripts, which name other files, are not among them.
static const char *containers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpeg,mpegts,mpegvideo,m4v,ogg,asf,h264,hevc,av1,ivf,obu,gif,apng,"
    "rm,nut,mjpeg,mxf,wtv,dv,image2pipe,bmp_pipe,tiff_pipe,pbm_pipe,pgm_pipe,ppm_pipe,j2k_pipe,jpeg_pipe,png_pipe,"
    "webp_pipe";

static int open_input(
    cm_video *video, const char *path, const char *only, cm_error *error) {
    AVDictionary *options = NULL;
    ff.av_dict_set(&options, "format_whitelist", only, 0);
    ff.av_dict_set(&options, "protocol_whitelist", "file", 0);
    char url[4096];
    // Without the scheme a colon in a file name would be taken for one.
    snprintf(url, sizeof url, "file:%s", path ? path : "");
    video->format = ff.avformat_alloc_context();
    if (!path && video->format) {
        const int size = 1 << 16;
        uint8_t *buffer = ff.av_malloc((size_t)size);
        video->io = buffer ? ff.avio_alloc_context(buffer, size, 0, video, read_bytes, NULL, seek_bytes) : NULL;
        video->format->pb = video->io;
    }
    if (!video->format || (!path && !video->io)) return cm_fail(error, CM_NO_MEMORY, "no memory for FFmpeg");
    int status = ff.avformat_open_input(&video->format, path ? url : NULL, NULL, &options);
    ff.av_dict_free(&options);
    if (status < 0) return fail(error, status, "FFmpeg cannot open it");
    status = ff.avformat_find_stream_info(video->format, NULL);
    if (status < 0) return fail(error, status, "FFmpeg finds no streams");
    video->stream = -1;
    for (unsigned i = 0; i < video->format->nb_streams && video->stream < 0; i++) {
        if (video->format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_VIDEO) video->stream = (int)i;
    }
    if (video->stream < 0) return cm_fail(error, CM_CORRUPT, "no video stream in it");
    AVCodecParameters *parameters = video->format->streams[video->stream]->codecpar;
    const AVCodec *decoder = ff.avcodec_find_decoder(parameters->codec_id);
    if (!decoder) return cm_fail(error, CM_UNSUPPORTED, "this FFmpeg has no decoder for its codec");
    video->codec = ff.avcodec_alloc_context3(decoder);
    video->packet = ff.av_packet_alloc();
    video->frame = ff.av_frame_alloc();
    if (!video->codec || !video->packet || !video->frame) return cm_fail(error, CM_NO_MEMORY, "no memory for FFmpeg");
    status = ff.avcodec_parameters_to_context(video->codec, parameters);
    video->codec->max_pixels = video->limits.max_pixels;
    video->codec->pkt_timebase = video->format->streams[video->stream]->time_base;
    if (status >= 0) status = ff.avcodec_open2(video->codec, decoder, NULL);
    if (status < 0) return fail(error, status, "FFmpeg cannot decode it");
    return CM_OK;
}

static int open_video(
    const char *path, const uint8_t *bytes, size_t count, const char *only, cm_limits limits, cm_video **out,
    cm_error *error) {
    int status = cm_ffmpeg_load(error);
    if (status != CM_OK) return status;
    cm_video *video = calloc(1, sizeof *video);
    if (!video) return cm_fail(error, CM_NO_MEMORY, "no memory for FFmpeg");
    video->bytes = bytes;
    video->count = (int64_t)count;
    video->limits = limits;
    status = open_input(video, path, only, error);
    if (status == CM_OK) {
        *out = video;
    } else {
        cm_video_close(video);
    }
    return status;
}

int cm_video_open(
    const char *path, const uint8_t *bytes, size_t count, cm_limits limits, cm_video **video, cm_video_info *info,
    cm_error *error) {
    uint8_t *copy = NULL;
    if (!path) {
        copy = malloc(count);
        if (!copy) return cm_fail(error, CM_NO_MEMORY, "no memory for %zu bytes", count);
        memcpy(copy, bytes, count);
    }
    int status = open_video(path, copy, count, containers, limits, video, error);
    if (status != CM_OK) {
        free(copy);
        return status;
    }
    (*video)->owned = copy;
    const AVStream *stream = (*video)->format->streams[(*video)->stream];
    *info = (cm_video_info){
        .num_frames = stream->nb_frames,
        .duration = stream->duration == AV_NOPTS_VALUE ? -1 : stream->duration,
        .time_base_num = stream->time_base.num,
        .time_base_den = stream->time_base.den,
        .rate_num = stream->avg_frame_rate.num,
        .rate_den = stream->avg_frame_rate.den,
        .width = stream->codecpar->width,
        .height = stream->codecpar->height,
    };
    return CM_OK;
}

int cm_video_next(cm_video *video, int32_t *finished, cm_error *error) {
    *finished = 0;
    for (;;) {
        int status = ff.avcodec_receive_frame(video->codec, video->frame);
        if (status == 0) return CM_OK;
        if (status == AVERROR_EOF) {
            *finished = 1;
            return CM_OK;
        }
        if (status != AVERROR(EAGAIN)) return fail(error, status, "FFmpeg cannot decode a frame");
        status = video->draining ? AVERROR_EOF : ff.av_read_frame(video->format, video->packet);
        if (status == AVERROR_EOF) {
            video->draining = 1;
            status = ff.avcodec_send_packet(video->codec, NULL);
        } else if (status < 0) {
            return fail(error, status, "FFmpeg cannot read on");
        } else if (video->packet->stream_index == video->stream) {
            status = ff.avcodec_send_packet(video->codec, video->packet);
            ff.av_packet_unref(video->packet);
        } else {
            ff.av_packet_unref(video->packet);
        }
        if (status < 0 && status != AVERROR_EOF && status != AVERROR(EAGAIN)) {
            return fail(error, status, "FFmpeg cannot decode a packet");
        }
    }
}

int cm_video_frame(cm_video *video, cm_raster *raster, cm_error *error) {
    const AVFrame *frame = video->frame;
    int status = cm_raster_alloc(raster, frame->width, frame->height, CM_MODE_RGB, video->limits, error);
    if (status != CM_OK) return status;
    const int stride = 3 * frame->width;
    if (frame->format == AV_PIX_FMT_RGB24) {
        for (int y = 0; y < frame->height; y++) {
            memcpy(raster->pixels + (size_t)y * (size_t)stride, frame->data[0] + (ptrdiff_t)y * frame->linesize[0], (size_t)stride);
        }
        return CM_OK;
    }
    // PyAV's to_image(): bilinear, swscale's default colour tables. swscale may write past a row's end, so its rows
    // are padded like PyAV's.
    const int padded = (stride + 63) / 64 * 64;
    uint8_t *rows = ff.av_malloc((size_t)padded * (size_t)frame->height + 64);
    video->scale = ff.sws_getCachedContext(
        video->scale, frame->width, frame->height, frame->format, frame->width, frame->height, AV_PIX_FMT_RGB24,
        SWS_BILINEAR, NULL, NULL, NULL);
    if (!rows || !video->scale) {
        ff.av_free(rows);
        cm_raster_free(raster);
        return cm_fail(error, CM_UNSUPPORTED, "FFmpeg cannot convert its pixel format %d to RGB", frame->format);
    }
    uint8_t *planes[4] = {rows};
    int strides[4] = {padded};
    ff.sws_scale(video->scale, (const uint8_t *const *)frame->data, frame->linesize, 0, frame->height, planes, strides);
    for (int y = 0; y < frame->height; y++) {
        memcpy(raster->pixels + (size_t)y * (size_t)stride, rows + (size_t)y * (size_t)padded, (size_t)stride);
    }
    ff.av_free(rows);
    return CM_OK;
}

static const char *image_formats = "bmp_pipe,tiff_pipe,pbm_pipe,pgm_pipe,pgmyuv_pipe,ppm_pipe,j2k_pipe";

int cm_ffmpeg_image_size(const uint8_t *bytes, size_t count, int32_t *width, int32_t *height, cm_error *error) {
    cm_video *video = NULL;
    int status = open_video(NULL, bytes, count, image_formats, (cm_limits){INT32_MAX}, &video, error);
    if (status != CM_OK) return status;
    const AVCodecParameters *parameters = video->format->streams[video->stream]->codecpar;
    *width = parameters->width;
    *height = parameters->height;
    cm_video_close(video);
    return CM_OK;
}

// Takes the pixel formats that are one of Pillow's modes as they are.
static int copy_native(const AVFrame *frame, cm_limits limits, cm_raster *raster, cm_error *error) {
    int32_t mode;
    switch (frame->format) {
        case AV_PIX_FMT_PAL8: mode = CM_MODE_P; break;
        case AV_PIX_FMT_MONOWHITE:
        case AV_PIX_FMT_MONOBLACK: mode = CM_MODE_1; break;
        case AV_PIX_FMT_GRAY8: mode = CM_MODE_L; break;
        case AV_PIX_FMT_YA8: mode = CM_MODE_LA; break;
        case AV_PIX_FMT_RGBA: mode = CM_MODE_RGBA; break;
        case AV_PIX_FMT_GRAY16LE: mode = CM_MODE_I16; break;
        default: return CM_UNSUPPORTED;
    }
    int status = cm_raster_alloc(raster, frame->width, frame->height, mode, limits, error);
    if (status != CM_OK) return status;
    size_t stride = (size_t)frame->width * (size_t)cm_mode_bytes(mode);
    const uint8_t on = frame->format == AV_PIX_FMT_MONOWHITE ? 0 : 255;
    for (int y = 0; y < frame->height; y++) {
        const uint8_t *source = frame->data[0] + (ptrdiff_t)y * frame->linesize[0];
        uint8_t *row = raster->pixels + (size_t)y * stride;
        if (mode != CM_MODE_1) {
            memcpy(row, source, stride);
            continue;
        }
        for (int x = 0; x < frame->width; x++) row[x] = source[x / 8] >> (7 - x % 8) & 1 ? on : (uint8_t)~on;
    }
    if (mode == CM_MODE_P) {
        int is_gray = 1;
        for (int i = 0; i < 256; i++) {
            uint32_t color;
            memcpy(&color, frame->data[1] + 4 * i, 4);
            raster->palette[3 * i] = (uint8_t)(color >> 16);
            raster->palette[3 * i + 1] = (uint8_t)(color >> 8);
            raster->palette[3 * i + 2] = (uint8_t)color;
            is_gray &= (color & 0xFFFFFF) == (uint32_t)i * 0x010101;
        }
        if (is_gray) raster->mode = CM_MODE_L;
    }
    return CM_OK;
}

int cm_ffmpeg_decode_image(const uint8_t *bytes, size_t count, cm_limits limits, cm_raster *raster, cm_error *error) {
    memset(raster, 0, sizeof *raster);
    cm_video *video = NULL;
    int status = open_video(NULL, bytes, count, image_formats, limits, &video, error);
    if (status != CM_OK) return status;
    int32_t finished = 0;
    status = cm_video_next(video, &finished, error);
    if (status == CM_OK && finished) status = cm_fail(error, CM_TRUNCATED, "no complete frame in it");
    if (status == CM_OK) {
        status = copy_native(video->frame, limits, raster, error);
        if (status == CM_UNSUPPORTED) status = cm_video_frame(video, raster, error);
    }
    cm_video_close(video);
    return status;
}
