// The CUDA part of LibTorch, opened at run time, and where tensors lie.
//
// Before libtorch_cuda is opened nothing may ask LibTorch about CUDA: it would remember "no CUDA" for good. So the driver is
// asked first, by name, and only then are the libraries opened.
#include "composed/composed.hpp"
#include "ctorch_device.h"
#include "cuda/fused.hpp"
#include "cuda/library.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <torch/version.h>

#include <dlfcn.h>
#include <unistd.h>

#include <atomic>
#include <list>
#include <mutex>
#include <set>
#include <sstream>

using namespace ctorch;

namespace {
// The driver's functions (cuda.h); their names carry the version of their arguments.
using DriverInit = int (*)(unsigned);
using DriverCount = int (*)(int *);
using DriverGet = int (*)(int *, int);
using DriverName = int (*)(char *, int, int);
using DriverAttribute = int (*)(int *, int, int);
using DriverErrorText = int (*)(int, const char **);
using DriverVersion = int (*)(int *);
constexpr int kMajorCapability = 75, kMinorCapability = 76;
constexpr const char *kDriverSymbols[] = {"cuInit", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuGetErrorString", "cuDriverGetVersion"};
// One function of the runtime, for the memory of a device that LibTorch has not touched yet.
using RuntimeMemory = int (*)(size_t *, size_t *);
constexpr const char *kRuntimeSymbols[] = {"cudaMemGetInfo"};

struct Device {
    std::string name;
    int major = 0, minor = 0;
};

struct Libraries {
    std::string folder;  // of libtorch_cpu.so
    bool are_open = false;
    std::string reason;

    /// Opens libc10_cuda and libtorch_cuda, which register their operators with LibTorch.
    bool open() {
        if (are_open) return true;
        folder = ctorch::cuda::torch_folder();
        if (folder.empty()) {
            reason = "the folder of libtorch_cpu.so is unknown";
            return false;
        }
        for (const char *name : {"libc10_cuda.so", "libtorch_cuda.so"}) {
            std::string library = folder + "/" + name;
            if (access(library.c_str(), R_OK) != 0) {
                reason = library + " is not there: this LibTorch (" TORCH_VERSION ") was built for CPUs only. Build and run with a CUDA one "
                         "(TORCH_PATH=…/site-packages/torch Tools/bootstrap.sh)";
                return false;
            }
            if (!dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL)) {
                const char *message = dlerror();
                reason = library + " cannot be opened: " + (message ? message : "unknown error") +
                         ". Its NVIDIA libraries must lie beside it as pip installs them (…/nvidia/*/lib), or in LD_LIBRARY_PATH";
                return false;
            }
        }
        are_open = true;
        return true;
    }
};

struct CUDA {
    std::vector<Device> devices;
    std::string reason, driver = "not found";
    Libraries libraries;
    std::string report;
};

std::atomic<bool> opened{false};

std::string visible_devices() {
    const char *value = getenv("CUDA_VISIBLE_DEVICES");
    return value ? std::string("CUDA_VISIBLE_DEVICES=") + value : "CUDA_VISIBLE_DEVICES is not set";
}

/// Asks the driver for its devices; a reason when there is none.
void ask_driver(CUDA &cuda) {
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_GLOBAL);
    if (!driver) {
        cuda.reason = "there is no NVIDIA driver on this machine (libcuda.so.1)";
        return;
    }
    for (const char *name : kDriverSymbols)
        if (!dlsym(driver, name)) {
            cuda.reason = std::string("the NVIDIA driver has no ") + name + "; it is too old";
            return;
        }
    auto function = [driver](const char *name) { return dlsym(driver, name); };
    auto text = [&](int code) {
        const char *message = nullptr;
        reinterpret_cast<DriverErrorText>(function("cuGetErrorString"))(code, &message);
        return std::string(message ? message : "unknown error") + " (" + std::to_string(code) + ")";
    };
    int version = 0, count = 0;
    if (reinterpret_cast<DriverVersion>(function("cuDriverGetVersion"))(&version) == 0)
        cuda.driver = "for CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
    if (int code = reinterpret_cast<DriverInit>(function("cuInit"))(0)) {
        cuda.reason = "the NVIDIA driver does not start: " + text(code) + "; " + visible_devices();
        return;
    }
    if (int code = reinterpret_cast<DriverCount>(function("cuDeviceGetCount"))(&count)) {
        cuda.reason = "the NVIDIA driver does not count its devices: " + text(code);
        return;
    }
    if (count == 0) cuda.reason = "the NVIDIA driver shows no device; " + visible_devices();
    for (int i = 0; i < count; i++) {
        int handle = 0;
        char name[256] = {};
        Device device;
        if (reinterpret_cast<DriverGet>(function("cuDeviceGet"))(&handle, i) != 0) continue;
        reinterpret_cast<DriverName>(function("cuDeviceGetName"))(name, sizeof name - 1, handle);
        device.name = name;
        reinterpret_cast<DriverAttribute>(function("cuDeviceGetAttribute"))(&device.major, kMajorCapability, handle);
        reinterpret_cast<DriverAttribute>(function("cuDeviceGetAttribute"))(&device.minor, kMinorCapability, handle);
        cuda.devices.push_back(device);
    }
}

/// What there is, found out once. Never freed: tensors may outlive the end of main.
CUDA &machine() {
    static CUDA &found = *[] {
        auto *cuda = new CUDA;
        ask_driver(*cuda);
        if (!cuda->devices.empty()) {
            auto devices = cuda->devices;
            cuda->devices.clear();
            if (!cuda->libraries.open()) {
                cuda->reason = cuda->libraries.reason;
            } else {
                const auto *guard = c10::impl::device_guard_impl_registry[static_cast<size_t>(c10::DeviceType::CUDA)].load();
                int count = guard ? guard->deviceCount() : 0;
                if (count == 0)
                    cuda->reason = "libtorch_cuda.so was opened but finds no device it can use: is the driver (" + cuda->driver + ") too old for it?";
                else
                    cuda->devices.assign(devices.begin(), devices.begin() + std::min<size_t>(devices.size(), count));
            }
        }
        std::ostringstream report;
        report << "NVIDIA driver: " << cuda->driver << "\n";
        report << "CUDA libraries of LibTorch: " << (cuda->libraries.are_open ? cuda->libraries.folder : "not opened") << "\n";
        for (size_t i = 0; i < cuda->devices.size(); i++) {
            auto &device = cuda->devices[i];
            report << "cuda:" << i << ": " << device.name << ", compute capability " << device.major << "." << device.minor << "\n";
        }
        if (cuda->devices.empty()) report << "CUDA: not used, " << cuda->reason << "\n";
        cuda->report = report.str();
        opened = !cuda->devices.empty();
        return cuda;
    }();
    return found;
}

at::Device device_of(int32_t number) { return number < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(number)); }

void check_device(int32_t number) {
    TORCH_CHECK(number < 0 || number < ct_cuda_count(), "there is no device cuda:", number, "; ", ct_cuda_reason());
}

std::atomic<int32_t> current{CT_CPU};
thread_local bool forced = false;
thread_local std::set<std::string> recorded;

/// Small enough to be copied to pinned memory first.
constexpr size_t kPinnedBytes = 256 << 20;
}  // namespace

namespace ctorch {
bool composes(const at::Tensor &t) { return forced || !t.is_cpu(); }

at::Device default_device() { return device_of(current.load(std::memory_order_relaxed)); }

at::Tensor upload(const at::Tensor &host, at::Device device) {
    if (device.is_cpu()) return host.clone();
    if (host.nbytes() > kPinnedBytes || host.numel() == 0) return host.to(device);
    at::Tensor pinned = at::empty(host.sizes(), host.options().pinned_memory(true));
    pinned.copy_(host);
    return pinned.to(device, /*non_blocking=*/true);
}

at::Tensor device_table(const std::vector<int64_t> &entries, at::Device device) {
    struct Entry {
        std::vector<int64_t> entries;
        at::Device device;
        at::Tensor table;
    };
    // Backward passes run on threads of their own. Never freed, like every tensor that may outlive CUDA.
    static std::mutex &mutex = *new std::mutex;
    static std::list<Entry> &kept = *new std::list<Entry>;
    std::lock_guard<std::mutex> lock(mutex);
    for (auto entry = kept.begin(); entry != kept.end(); entry++)
        if (entry->device == device && entry->entries == entries) {
            kept.splice(kept.begin(), kept, entry);
            return kept.front().table;
        }
    std::vector<int32_t> narrow(entries.begin(), entries.end());
    at::Tensor host = at::from_blob(narrow.data(), {static_cast<int64_t>(narrow.size())}, at::kInt);
    kept.push_front({entries, device, upload(host, device)});
    if (kept.size() > 16) kept.pop_back();
    return kept.front().table;
}

std::pair<int, int> compute_capability(at::Device device) {
    auto &found = machine().devices.at(static_cast<size_t>(device.index()));
    return {found.major, found.minor};
}

bool takes_flash(const at::Tensor &q) {
    if (!q.is_cuda() || (q.scalar_type() != at::kBFloat16 && q.scalar_type() != at::kHalf)) return false;
    int64_t dim = q.size(-1);
    return dim % 8 == 0 && dim <= 256 && compute_capability(q.device()).first >= 8;
}

RandomState RandomState::of(at::Device device) {
    RandomState state;
    state.cpu = at::detail::getDefaultCPUGenerator().get_state();
    state.device = device;
    if (device.is_cuda()) state.cuda = at::globalContext().defaultGenerator(device).get_state();
    return state;
}

void RandomState::restore() const {
    auto generator = at::detail::getDefaultCPUGenerator();
    generator.set_state(cpu);
    if (!device.is_cuda()) return;
    auto own = at::globalContext().defaultGenerator(device);
    own.set_state(cuda);
}
}  // namespace ctorch

extern "C" {
int32_t ct_cuda_count(void) { return static_cast<int32_t>(machine().devices.size()); }
bool ct_cuda_is_open(void) { return opened; }
const char *ct_cuda_reason(void) { return machine().reason.c_str(); }
const char *ct_cuda_report(void) { return machine().report.c_str(); }
const char *ct_cuda_name(int32_t device) {
    return device >= 0 && device < ct_cuda_count() ? machine().devices[device].name.c_str() : "";
}
bool ct_cuda_memory(int32_t device, int64_t *free, int64_t *total) {
    return guarded<bool>("memory of a device", false, [&] {
        check_device(device);
        TORCH_CHECK(device >= 0, "the CPU is no CUDA device");
        auto call = reinterpret_cast<RuntimeMemory>(dlsym(RTLD_DEFAULT, kRuntimeSymbols[0]));
        TORCH_CHECK(call, "the CUDA runtime has no ", kRuntimeSymbols[0]);
        c10::DeviceGuard guard(device_of(device));
        size_t free_bytes = 0, all_bytes = 0;
        int code = call(&free_bytes, &all_bytes);
        TORCH_CHECK(code == 0, kRuntimeSymbols[0], " failed with ", code);
        *free = static_cast<int64_t>(free_bytes);
        *total = static_cast<int64_t>(all_bytes);
        return true;
    });
}
void ct_synchronize(int32_t device) {
    if (device < 0 || !opened) return;
    guarded<int>("synchronize", 0, [&] {
        check_device(device);
        c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA)->synchronizeDevice(static_cast<c10::DeviceIndex>(device));
        return 0;
    });
}
ct_optional ct_cuda_rng_state(int32_t device) {
    return guarded_tensor("cuda_rng_state", [&] {
        check_device(device);
        return at::globalContext().defaultGenerator(device_of(device)).get_state();
    });
}
void ct_set_cuda_rng_state(int32_t device, ct_optional state) {
    if (!state) return;
    guarded<int>("set_cuda_rng_state", 0, [&] {
        check_device(device);
        auto generator = at::globalContext().defaultGenerator(device_of(device));
        generator.set_state(borrow(state));
        return 0;
    });
}

int32_t ct_default_device(void) { return current; }
bool ct_set_default_device(int32_t device) {
    return guarded<bool>("default device", false, [&] {
        check_device(device);
        if (device >= 0) at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
        current = device < 0 ? CT_CPU : device;
        return true;
    });
}
ct_optional ct_empty_cpu(const int64_t *shape, int32_t rank, int32_t dtype) {
    return guarded_tensor("empty", [&] {
        return at::empty(at::IntArrayRef(shape, static_cast<size_t>(rank)), at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)));
    });
}
int32_t ct_device(ct_optional t) {
    if (!t) return CT_CPU;
    at::Tensor tensor = borrow(t);
    return tensor.is_cpu() ? CT_CPU : static_cast<int32_t>(tensor.get_device());
}
ct_optional ct_to_device(ct_optional t, int32_t device) {
    if (!t) return nullptr;
    return guarded_tensor("to_device", [&] {
        check_device(device);
        return borrow(t).to(device_of(device));
    });
}

void ct_set_composed(bool composed, bool with_kernels) {
    forced = composed;
    ctorch::cuda::set_emulated(composed && with_kernels);
}
const char *ct_cuda_compile(int32_t major, int32_t minor) {
    static thread_local std::string reason;
    try {
        reason.clear();
        for (const char *suffix : {"f32", "bf16"}) ctorch::cuda::compiled(major, minor, suffix);
    } catch (const c10::Error &error) {
        reason = error.what_without_backtrace();
    }
    return reason.c_str();
}

void ct_record_operators(void) {
    recorded.clear();
    static thread_local bool is_recording = false;
    if (is_recording) return;
    is_recording = true;
    at::addThreadLocalCallback(at::RecordFunctionCallback([](const at::RecordFunction &function) -> std::unique_ptr<at::ObserverContext> {
        if (auto name = function.operator_name()) recorded.insert(name->name + "." + name->overload_name);
        return nullptr;
    }));
}
const char *ct_recorded_operators(void) {
    static thread_local std::string text;
    text.clear();
    for (auto &name : recorded) text += name + "\n";
    return text.c_str();
}

const char *ct_cuda_link(void) {
    auto &libraries = machine().libraries;
    return libraries.open() ? "" : libraries.reason.c_str();
}
const char *ct_cuda_missing_kernels(const char *operators) {
    static thread_local std::string text;
    text.clear();
    std::istringstream lines(operators);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) continue;
        size_t dot = line.rfind('.');
        c10::OperatorName name(line.substr(0, dot), dot == std::string::npos ? "" : line.substr(dot + 1));
        auto schema = c10::Dispatcher::singleton().findSchema(name);
        if (!schema || !schema->hasComputedKernelForDispatchKey(c10::DispatchKey::CUDA)) text += line + "\n";
    }
    return text.c_str();
}
const char *ct_cuda_symbols(void) {
    static const std::string text = [] {
        std::string names;
        for (const char *name : kRuntimeSymbols) names += std::string(name) + "\n";
        return names;
    }();
    return text.c_str();
}
bool ct_cuda_has_symbol(const char *name) { return dlsym(RTLD_DEFAULT, name) != nullptr; }
}
