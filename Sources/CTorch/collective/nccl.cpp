#include "collective/nccl.hpp"

#include "ctorch_collective.h"
#include "cuda/library.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <dlfcn.h>

using namespace ctorch;

namespace {
/// What is called of nccl.h: results are 0 or an error's number, streams and communicators are pointers.
struct Library {
    int (*get_version)(int *);
    const char *(*error_text)(int);
    int (*get_unique_id)(Nccl::UniqueID *);
    int (*init_rank)(void **, int, Nccl::UniqueID, int);
    int (*all_reduce)(const void *, void *, size_t, int, int, void *, void *);

    explicit Library(void *library) {
        find(library, "ncclGetVersion", get_version);
        find(library, "ncclGetErrorString", error_text);
        find(library, "ncclGetUniqueId", get_unique_id);
        find(library, "ncclCommInitRank", init_rank);
        find(library, "ncclAllReduce", all_reduce);
    }

    void check(int code, const char *what) const { TORCH_CHECK(code == 0, "NCCL: ", what, " failed: ", error_text(code), " (", code, ")"); }

   private:
    template <typename Function>
    static void find(void *library, const char *name, Function &function) {
        function = reinterpret_cast<Function>(dlsym(library, name));
        TORCH_CHECK(function, "NCCL has no ", name);
    }
};

/// LibTorch's CUDA part has opened it, or it lies where pip puts NVIDIA's libraries.
const Library &library() {
    static Library library = [] {
        std::string folder = cuda::torch_folder();
        for (const std::string &place : {std::string("libnccl.so.2"), folder + "/../../nvidia/nccl/lib/libnccl.so.2", folder + "/libnccl.so.2"})
            if (void *handle = dlopen(place.c_str(), RTLD_NOW)) return Library(handle);
        TORCH_CHECK(false, "NCCL (libnccl.so.2) is not found beside LibTorch; pip install nvidia-nccl-cu13 puts it there");
    }();
    return library;
}

// ncclDataType_t and ncclRedOp_t.
constexpr int kSum = 0;
int type_of(at::ScalarType dtype) {
    switch (dtype) {
    case at::kByte: return 1;
    case at::kInt: return 2;
    case at::kLong: return 4;
    case at::kHalf: return 6;
    case at::kFloat: return 7;
    case at::kDouble: return 8;
    case at::kBFloat16: return 9;
    default: TORCH_CHECK(false, "NCCL sums no ", dtype);
    }
}
}  // namespace

namespace ctorch {
Nccl::UniqueID Nccl::unique_id() {
    UniqueID id{};
    library().check(library().get_unique_id(&id), "ncclGetUniqueId");
    return id;
}

Nccl::Nccl(const UniqueID &id, int rank, int size, at::Device device) {
    c10::DeviceGuard guard(device);
    library().check(library().init_rank(&communicator, size, id, rank), "ncclCommInitRank");
}

void Nccl::sum(const at::Tensor &tensor) {
    c10::DeviceGuard guard(tensor.device());
    auto *implementation = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
    c10::Stream stream = implementation->getStream(tensor.device());
    void *handle = stream.id() == 0 ? nullptr : implementation->getStreamNativeHandle(stream), *data = tensor.data_ptr();
    library().check(library().all_reduce(data, data, tensor.numel(), type_of(tensor.scalar_type()), kSum, communicator, handle), "ncclAllReduce");
}
}  // namespace ctorch

const char *ct_nccl_link(const char *path) {
    static thread_local std::string text;
    try {
        void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        TORCH_CHECK(handle, dlerror());
        Library library(handle);
        int version = 0;
        library.check(library.get_version(&version), "ncclGetVersion");
        text = std::to_string(version);
    } catch (const c10::Error &error) {
        text = std::string("failed: ") + error.what_without_backtrace();
    }
    return text.c_str();
}
