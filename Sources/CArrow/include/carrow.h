#pragma once
// Parquet and Arrow files through Apache Arrow, as streams of the Arrow C Data Interface. Arrow is optional: its reader is a
// library of its own (reader.cpp, built by Tools/bootstrap.sh), which is opened when the first such file is.
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The Arrow C Data Interface: an ABI that Arrow's specification fixes, field by field.
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE
struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};
#endif
#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};
#endif

enum {
    CARROW_OK = 0,
    CARROW_FAILED = 1,      // the file is not what it should be
    CARROW_NO_LIBRARY = 2,  // the reader or Arrow is not installed
};

typedef struct {
    char text[400];
} carrow_message;

/// Opens a Parquet file, or an Arrow file or stream, told apart by its first bytes.
///
/// batch_rows: rows a batch of a Parquet file has at most. Batches are checked whole (offsets, UTF-8) before they come out.
/// The caller releases `stream`.
int carrow_open(const char *path, int64_t batch_rows, struct ArrowArrayStream *stream, carrow_message *message);

/// Whether the reader can be loaded; fills `message` when not.
int carrow_load(carrow_message *message);

#ifdef __cplusplus
}
#endif
