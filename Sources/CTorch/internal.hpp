// Shared by the translation units of CTorch: handles, error capture, parallel loops.
#pragma once
#include "ctorch.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace ctorch {

/// The tensor behind a handle, borrowed.
inline at::Tensor borrow(ct_optional handle) {
    return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim_copy(
        reinterpret_cast<at::TensorImpl *>(handle)));
}

inline std::optional<at::Tensor> borrow_optional(ct_optional handle) {
    if (!handle) return std::nullopt;
    return borrow(handle);
}

/// Gives the caller of the C function one reference.
inline ct_optional give(at::Tensor tensor) { return reinterpret_cast<ct_optional>(tensor.unsafeReleaseTensorImpl()); }

inline std::vector<at::Tensor> borrow_all(const ct_optional *handles, int32_t count) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(count);
    for (int32_t i = 0; i < count; i++) tensors.push_back(borrow(handles[i]));
    return tensors;
}

inline bool any_null(const ct_optional *handles, int32_t count) {
    return std::any_of(handles, handles + count, [](ct_optional h) { return h == nullptr; });
}

/// Keeps the first error of this thread: later ones are its consequences.
void record_error(const char *op, const std::string &message);

/// Runs `body`, turning every C++ exception into a recorded error and `failure`.
template <typename Result, typename Body>
Result guarded(const char *op, Result failure, Body &&body) {
    try {
        return body();
    } catch (const c10::Error &error) {
        record_error(op, error.what_without_backtrace());
    } catch (const std::exception &error) {
        record_error(op, error.what());
    } catch (...) {
        record_error(op, "unknown C++ exception");
    }
    return failure;
}

template <typename Body>
ct_optional guarded_tensor(const char *op, Body &&body) {
    return guarded<ct_optional>(op, nullptr, [&] { return give(body()); });
}

/// Splits [0, count) over the threads of LibTorch's own OpenMP pool (a second pool would fight it for the cores).
/// Ranges smaller than `grain` stay on the calling thread.
void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body);
/// Hands items out one at a time: for items of unequal cost. `body(item, thread)`.
void parallel_items(int64_t count, const std::function<void(int64_t, int)> &body);
int max_threads();

/// `t` in `dtype`, without a copy when it is already.
inline at::Tensor as(const at::Tensor &t, at::ScalarType dtype) { return t.scalar_type() == dtype ? t : t.to(dtype); }

}  // namespace ctorch
