// Opens the reader of Parquet and Arrow files at its first use, so that nothing needs Arrow that does not read such files.
#include "carrow.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

// Found through the program's run path (Package.swift) or LD_LIBRARY_PATH.
static const char *library_name = "libanneal_arrow.so";
static int (*reader_open)(const char *, int64_t, struct ArrowArrayStream *, carrow_message *);
static carrow_message failure;
static pthread_once_t load_once = PTHREAD_ONCE_INIT;

static void load(void) {
    void *library = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
    if (library) *(void **)&reader_open = dlsym(library, "anneal_arrow_open");
    if (reader_open) return;
    const char *cause = dlerror();
    snprintf(failure.text, sizeof failure.text, "%s", cause ? cause : "an unknown cause");
}

int carrow_load(carrow_message *message) {
    pthread_once(&load_once, load);
    if (reader_open) return CARROW_OK;
    *message = failure;
    return CARROW_NO_LIBRARY;
}

int carrow_open(const char *path, int64_t batch_rows, struct ArrowArrayStream *stream, carrow_message *message) {
    const int status = carrow_load(message);
    return status == CARROW_OK ? reader_open(path, batch_rows, stream, message) : status;
}
