// The first error of each thread, kept until it is taken.
#include "internal.hpp"

namespace {
struct Error {
    bool pending = false;
    std::string op;
    std::string message;
};
thread_local Error current;
}  // namespace

namespace ctorch {
void record_error(const char *op, const std::string &message) {
    if (current.pending) return;
    current.pending = true;
    current.op = op;
    current.message = message;
}
}  // namespace ctorch

extern "C" {
bool ct_error_pending(void) { return current.pending; }
const char *ct_error_operator(void) { return current.op.c_str(); }
const char *ct_error_message(void) { return current.message.c_str(); }
void ct_error_clear(void) { current = Error(); }
}
