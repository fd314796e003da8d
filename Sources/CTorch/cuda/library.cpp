#include "cuda/library.hpp"

#include "composed/composed.hpp"

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <dlfcn.h>
#include <filesystem>
#include <map>
#include <mutex>

namespace {
const char kSource[] = {
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
#embed "kernels.inl"
#pragma clang diagnostic pop
    , 0};

/// A function of a library that was opened by name.
template <typename Function>
Function function_of(void *library, const char *name) {
    auto function = reinterpret_cast<Function>(dlsym(library, name));
    TORCH_CHECK(function, "there is no ", name);
    return function;
}

/// The library and what it opens by name itself, from the folders where pip puts NVIDIA's libraries.
void *open_nvrtc() {
    std::string folder = ctorch::cuda::torch_folder();
    std::vector<std::string> places;
    for (const char *place : {"/../../nvidia/cu13/lib", "/../../nvidia/cuda_nvrtc/lib", ""}) places.push_back(folder + place);
    std::error_code ignored;
    for (auto &place : places) {
        std::string compiler, builtins;
        for (auto &entry : std::filesystem::directory_iterator(place, ignored)) {
            std::string name = entry.path().filename();
            if (name.find(".alt.") != std::string::npos) continue;
            if (name.starts_with("libnvrtc.so") || (name.starts_with("libnvrtc-") && !name.starts_with("libnvrtc-builtins"))) compiler = entry.path();
            if (name.starts_with("libnvrtc-builtins")) builtins = entry.path();
        }
        if (compiler.empty()) continue;
        // It asks for this one by its name alone.
        if (!builtins.empty()) dlopen(builtins.c_str(), RTLD_NOW | RTLD_GLOBAL);
        if (void *library = dlopen(compiler.c_str(), RTLD_NOW)) return library;
    }
    for (const char *name : {"libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"})
        if (void *library = dlopen(name, RTLD_NOW)) return library;
    return nullptr;
}

/// The kernels of one dtype on one device.
struct Module {
    std::string code;
    void *handle = nullptr;
    std::map<std::string, void *> functions;
};

// Of the driver (cuda.h), which LibTorch has opened: results are 0 or an error's number.
using Load = int (*)(void **, const void *);
using Find = int (*)(void **, void *, const char *);
using LaunchKernel = int (*)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void *, void **, void **);

void check(int code, const char *what) { TORCH_CHECK(code == 0, what, " failed with error ", code, " of the CUDA driver"); }

void *driver() {
    static void *library = dlopen("libcuda.so.1", RTLD_LAZY);
    TORCH_CHECK(library, "there is no NVIDIA driver");
    return library;
}

/// A thread that LibTorch gave only kept memory so far (those of backward passes) has no context yet.
void make_context_current(at::Device device) {
    static auto get = function_of<int (*)(void **)>(driver(), "cuCtxGetCurrent");
    void *context = nullptr;
    if (get(&context) == 0 && context) return;
    int handle = 0;
    check(function_of<int (*)(int *, int)>(driver(), "cuDeviceGet")(&handle, device.index()), "cuDeviceGet");
    check(function_of<int (*)(void **, int)>(driver(), "cuDevicePrimaryCtxRetain")(&context, handle), "cuDevicePrimaryCtxRetain");
    check(function_of<int (*)(void *)>(driver(), "cuCtxSetCurrent")(context), "cuCtxSetCurrent");
}

void *kernel_of(at::Device device, const std::string &suffix, const std::string &name) {
    static std::mutex &mutex = *new std::mutex;
    // Never freed: the driver may be gone when the process ends.
    static auto &modules = *new std::map<std::pair<int, std::string>, Module>;
    std::lock_guard<std::mutex> lock(mutex);
    auto &module = modules[{device.index(), suffix}];
    if (!module.handle) {
        auto [major, minor] = ctorch::compute_capability(device);
        module.code = ctorch::cuda::compiled(major, minor, suffix);
        check(function_of<Load>(driver(), "cuModuleLoadData")(&module.handle, module.code.data()), "loading kernels");
    }
    void *&function = module.functions[name];
    if (!function) check(function_of<Find>(driver(), "cuModuleGetFunction")(&function, module.handle, name.c_str()), name.c_str());
    return function;
}
}  // namespace

namespace ctorch::cuda {
std::string torch_folder() {
    Dl_info info{};
    // By name: the address of a function in this program may be a jump to it.
    void *function = dlsym(RTLD_DEFAULT, "_ZN2at15get_num_threadsEv");
    return function && dladdr(function, &info) && info.dli_fname ? std::filesystem::path(info.dli_fname).parent_path().string() : "";
}

std::string compiled(int major, int minor, const std::string &suffix) {
    static void *library = open_nvrtc();
    TORCH_CHECK(library, "NVRTC (libnvrtc.so.13) is not found beside LibTorch");
    using Program = void *;
    Program program = nullptr;
    auto create = function_of<int (*)(Program *, const char *, const char *, int, const char *const *, const char *const *)>(library, "nvrtcCreateProgram");
    TORCH_CHECK(create(&program, kSource, "kernels.cu", 0, nullptr, nullptr) == 0, "NVRTC takes no program");
    std::string architecture = "--gpu-architecture=sm_" + std::to_string(major * 10 + minor), define = suffix == "f32" ? "-DKERNELS_F32" : "-DKERNELS_BF16";
    const char *options[] = {architecture.c_str(), "--std=c++17", define.c_str()};
    int code = function_of<int (*)(Program, int, const char *const *)>(library, "nvrtcCompileProgram")(program, 3, options);
    auto text = [&](const char *size_name, const char *name) {
        size_t size = 0;
        std::string result;
        if (function_of<int (*)(Program, size_t *)>(library, size_name)(program, &size) == 0) {
            result.resize(size);
            function_of<int (*)(Program, char *)>(library, name)(program, result.data());
        }
        return result;
    };
    std::string messages = code == 0 ? "" : text("nvrtcGetProgramLogSize", "nvrtcGetProgramLog"), result = code == 0 ? text("nvrtcGetCUBINSize", "nvrtcGetCUBIN") : "";
    function_of<int (*)(Program *)>(library, "nvrtcDestroyProgram")(&program);
    TORCH_CHECK(!result.empty(), "NVRTC failed with ", code, " for ", architecture, ": ", messages);
    return result;
}

const char *suffix_of(at::ScalarType dtype) { return dtype == at::kFloat ? "f32" : dtype == at::kBFloat16 ? "bf16" : nullptr; }

void launch(at::Device device, at::ScalarType dtype, const char *name, Grid grid, int threads, void **arguments) {
    TORCH_CHECK(suffix_of(dtype), "no kernel takes ", dtype);
    std::string suffix = suffix_of(dtype), full = std::string(name) + "_" + suffix;
    if (!device.is_cuda()) return emulate(full.c_str(), grid, threads, arguments);
    c10::DeviceGuard guard(device);
    make_context_current(device);
    void *kernel = kernel_of(device, suffix, full);
    auto *implementation = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
    c10::Stream stream = implementation->getStream(device);
    void *handle = stream.id() == 0 ? nullptr : implementation->getStreamNativeHandle(stream);
    static auto call = function_of<LaunchKernel>(driver(), "cuLaunchKernel");
    check(call(kernel, static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z),
               static_cast<unsigned>(threads), 1, 1, 0, handle, arguments, nullptr),
          full.c_str());
}
}  // namespace ctorch::cuda
