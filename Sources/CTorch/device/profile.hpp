// The scoped timer of a kernel.
#pragma once
#include "ctorch_profile.h"

namespace ctorch {

class Recording;
/// The recording of this thread, null while none is made.
extern thread_local Recording *recording;

void open_span(Recording &recording, int group, const char *name, double flops);
void close_span(Recording &recording);

/// Times its scope as `group`; `flops` are the multiplications and additions done in it. `name` must outlive the recording.
class Span {
public:
    Span(int group, const char *name, double flops = 0) : owner(recording) {
        if (__builtin_expect(owner != nullptr, 0)) open_span(*owner, group, name, flops);
    }
    ~Span() {
        if (__builtin_expect(owner != nullptr, 0)) close_span(*owner);
    }
    Span(const Span &) = delete;

private:
    Recording *const owner;
};

}  // namespace ctorch
