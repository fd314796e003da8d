#include "tensor/large_pages.hpp"

#include <cstring>
#include <sys/mman.h>

using namespace ctorch;

namespace {
constexpr size_t kLargePage = size_t(2) << 20;
constexpr size_t kCopied = size_t(1) << 20;  // bytes that a thread copies at a time
}  // namespace

namespace ctorch {
at::Tensor in_large_pages(at::IntArrayRef sizes, at::ScalarType dtype) {
    auto options = at::TensorOptions().dtype(dtype);
    size_t bytes = static_cast<size_t>(c10::multiply_integers(sizes)) * c10::elementSize(dtype);
    if (bytes == 0) return at::empty(sizes, options);
    size_t room = bytes + kLargePage;
    void *memory = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    TORCH_CHECK(memory != MAP_FAILED, "no room for ", bytes, " bytes");
    char *begin = reinterpret_cast<char *>((reinterpret_cast<uintptr_t>(memory) + kLargePage - 1) / kLargePage * kLargePage);
#if defined(MADV_HUGEPAGE)
    madvise(begin, bytes, MADV_HUGEPAGE);
#endif
    return at::from_blob(begin, sizes, [memory, room](void *) { munmap(memory, room); }, options);
}
}  // namespace ctorch

extern "C" ct_optional ct_copy_to_large_pages(ct_optional t) {
    if (!t) return nullptr;
    return guarded_tensor("copy_to_large_pages", [&] {
        at::NoGradGuard off;
        at::Tensor source = borrow(t).detach();
        if (!source.is_cpu()) return source;
        source = source.contiguous();
        at::Tensor copy = in_large_pages(source.sizes(), source.scalar_type());
        auto *from = static_cast<const char *>(source.const_data_ptr());
        auto *to = static_cast<char *>(copy.mutable_data_ptr());
        size_t bytes = source.nbytes();
        parallel_items((bytes + kCopied - 1) / kCopied, [&](int64_t item, int) {
            size_t first = item * kCopied;
            std::memcpy(to + first, from + first, std::min(kCopied, bytes - first));
        });
        return copy;
    });
}
