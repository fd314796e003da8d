// The recorder behind the profiler: a stack of spans, exclusive times by phase and group, and two curves of memory.
#include "device/profile.hpp"

#include "internal.hpp"

#include <ATen/record_function.h>
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <mutex>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>

namespace {
using namespace ctorch;
using Clock = std::chrono::steady_clock;

constexpr size_t kMostEvents = 400'000;
constexpr double kShortestEvent = 3e-6;  // seconds
constexpr auto kSampling = std::chrono::milliseconds(5);

/// A LibTorch operator's group; one that is not named takes the group of what it runs in.
const std::unordered_map<std::string_view, int> &operator_groups() {
    static const std::unordered_map<std::string_view, int> table = [] {
        std::unordered_map<std::string_view, int> groups;
        for (auto name : {"mm", "addmm", "addmm_", "bmm", "baddbmm", "matmul", "linear", "mv", "addmv"}) groups[name] = CT_GROUP_PRODUCTS;
        for (auto name : {"copy_", "_to_copy", "to", "clone", "contiguous", "cat", "stack", "index_select", "index_copy", "index_copy_", "index",
                          "embedding", "embedding_dense_backward", "fill_", "zero_", "zeros", "index_add_", "reshape"})
            groups[name] = CT_GROUP_COPIES;
        for (auto name : {"gelu", "gelu_backward", "silu", "silu_backward", "softmax", "_softmax", "native_layer_norm", "layer_norm"})
            groups[name] = CT_GROUP_ELEMENTWISE;
        return groups;
    }();
    return table;
}

int64_t resident_bytes(int descriptor) {
    char text[128];
    ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = 0;
    const char *second = std::strchr(text, ' ');
    return second ? std::strtoll(second, nullptr, 10) * sysconf(_SC_PAGESIZE) : 0;
}
}  // namespace

namespace ctorch {
thread_local Recording *recording = nullptr;

class Recording : public c10::MemoryReportingInfoBase {
public:
    std::array<ct_profile_part, CT_NUM_PHASES> parts{};
    std::vector<ct_profile_event> events;
    std::vector<ct_profile_memory> samples;
    int64_t dropped = 0;

    Recording() { open(CT_GROUP_OTHER, "other", 0, true); sampler = std::thread([this] { sample(); }); }

    void finish() {
        if (is_finished.exchange(true)) return;
        sampler.join();
        close();
        for (size_t phase = 0; phase < parts.size(); phase++) parts[phase].resident_bytes = resident[phase];
    }
    ~Recording() override {
        finish();
        if (status >= 0) ::close(status);
    }

    int set_phase(int next) {
        int before = phase;
        if (next == before || stack.size() != 1) return before;
        // A phase may be over before the sampler looks.
        if (status >= 0) note(before, resident_bytes(status));
        close();
        phase = next;
        static const char *const names[CT_NUM_PHASES] = {"other", "load", "data", "forward", "backward", "optimizer", "evaluation", "save"};
        // Waiting for data is work of that group; all else has kernels of its own.
        open(next == CT_PHASE_DATA ? CT_GROUP_DATA : next == CT_PHASE_OPTIMIZER ? CT_GROUP_OPTIMIZER : CT_GROUP_OTHER, names[next], 0, true);
        return before;
    }

    void open(int group, const char *name, double flops, bool is_phase = false) {
        double now = seconds();
        if (!stack.empty()) {
            int outer = stack.back().group;
            bool is_whole = outer == CT_GROUP_ATTENTION || outer == CT_GROUP_OUTPUT || outer == CT_GROUP_OPTIMIZER || outer == CT_GROUP_DATA;
            if (group < 0 || is_whole) group = outer;
            add(stack.back(), now);
        }
        parts[phase].group_flops[group] += flops;
        stack.push_back({group, name, now, now, is_phase});
        // Whatever lies in a phase directly and has no group of its own is other work.
    }

    void close() {
        double now = seconds();
        Frame frame = stack.back();
        add(frame, now);
        stack.pop_back();
        if (!stack.empty()) stack.back().since = now;
        if (frame.is_phase) parts[phase].seconds += now - frame.start;
        if (now - frame.start < kShortestEvent) return;
        if (events.size() >= kMostEvents && !frame.is_phase) dropped++;
        else events.push_back({frame.name, frame.is_phase ? CT_NUM_GROUPS + phase : frame.group, frame.start, now - frame.start});
    }

    /// A name that lives as long as the recording.
    const char *keep(const std::string &name) { return names.insert(name).first->c_str(); }

    void reportMemoryUsage(void *, int64_t size, size_t, size_t, c10::Device) override {
        tensor_bytes += size;
        auto &most = parts[phase].tensor_bytes;
        most = std::max(most, tensor_bytes);
    }
    bool memoryProfilingEnabled() const override { return true; }

private:
    struct Frame {
        int group;
        const char *name;
        double start;
        double since;  // up to here its own time is counted
        bool is_phase;
    };
    std::vector<Frame> stack;
    std::unordered_set<std::string> names;
    std::atomic<int> phase{CT_PHASE_OTHER};
    int64_t tensor_bytes = 0;
    const Clock::time_point origin = Clock::now();
    const int status = open_status();
    std::thread sampler;
    std::atomic<bool> is_finished{false};
    std::array<std::atomic<int64_t>, CT_NUM_PHASES> resident{};

    double seconds() const { return std::chrono::duration<double>(Clock::now() - origin).count(); }
    void add(const Frame &frame, double now) { parts[phase].group_seconds[frame.group] += now - frame.since; }

    void note(int of, int64_t bytes) {
        auto &most = resident[of];
        for (int64_t before = most; before < bytes && !most.compare_exchange_weak(before, bytes);) {}
    }

    void sample() {
        int descriptor = open_status();
        if (descriptor < 0) return;
        while (true) {
            bool is_last = is_finished;
            int64_t bytes = resident_bytes(descriptor);
            note(phase, bytes);
            if (samples.empty() || std::llabs(bytes - samples.back().resident_bytes) > (1 << 20)) samples.push_back({seconds(), bytes});
            if (is_last) break;
            std::this_thread::sleep_for(kSampling);
        }
        ::close(descriptor);
    }
    static int open_status() { return ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC); }
};

void open_span(Recording &recording, int group, const char *name, double flops) { recording.open(group, name, flops); }
void close_span(Recording &recording) { recording.close(); }
}  // namespace ctorch

namespace {
/// The last recording, kept for its readers. One thread at a time records; the others see no span of theirs.
std::mutex mutex;
std::shared_ptr<Recording> kept;
at::CallbackHandle observer = at::INVALID_CALLBACK_HANDLE;

struct Observed : at::ObserverContext {};

/// `struct torch::autograd::CppNode<(anonymous namespace)::Project>` -> `Project backward`.
std::string node_name(std::string name) {
    while (!name.empty() && name.back() == '>') name.pop_back();
    size_t place = name.rfind("::");
    return (place == std::string::npos ? name : name.substr(place + 2)) + " backward";
}

std::unique_ptr<at::ObserverContext> operator_begins(const at::RecordFunction &function) {
    if (!recording) return nullptr;
    if (function.scope() == at::RecordScope::BACKWARD_FUNCTION) {
        recording->open(-1, recording->keep(node_name(function.name())), 0);
        return std::make_unique<Observed>();
    }
    std::string_view name = function.name();
    size_t place = name.find("::");
    auto found = operator_groups().find(place == std::string_view::npos ? name : name.substr(place + 2));
    recording->open(found == operator_groups().end() ? -1 : found->second, recording->keep(std::string(name)), 0);
    return std::make_unique<Observed>();
}
void operator_ends(const at::RecordFunction &, at::ObserverContext *context) {
    if (recording && context) recording->close();
}
}  // namespace

extern "C" {
bool ct_profile_start(void) {
    return guarded<bool>("profile", false, [] {
        std::lock_guard<std::mutex> lock(mutex);
        if (observer != at::INVALID_CALLBACK_HANDLE) return false;
        kept = std::make_shared<Recording>();
        recording = kept.get();
        c10::ThreadLocalDebugInfo::_push(c10::DebugInfoKind::PROFILER_STATE, kept);
        observer = at::addThreadLocalCallback(at::RecordFunctionCallback(operator_begins, operator_ends)
                                                  .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
        return true;
    });
}
void ct_profile_stop(void) {
    guarded<int>("profile", 0, [] {
        std::lock_guard<std::mutex> lock(mutex);
        if (!recording) return 0;
        at::removeCallback(observer);
        observer = at::INVALID_CALLBACK_HANDLE;
        c10::ThreadLocalDebugInfo::_pop(c10::DebugInfoKind::PROFILER_STATE);
        recording->finish();
        recording = nullptr;
        return 0;
    });
}
int32_t ct_profile_phase(int32_t phase) { return recording && phase >= 0 && phase < CT_NUM_PHASES ? recording->set_phase(phase) : CT_PHASE_OTHER; }
ct_profile_part ct_profile_part_of(int32_t phase) { return kept && phase >= 0 && phase < CT_NUM_PHASES ? kept->parts[phase] : ct_profile_part{}; }
int64_t ct_profile_num_events(int64_t *dropped) {
    *dropped = kept ? kept->dropped : 0;
    return kept ? static_cast<int64_t>(kept->events.size()) : 0;
}
ct_profile_event ct_profile_event_at(int64_t index) { return kept->events.at(index); }
int64_t ct_profile_num_memory_samples(void) { return kept ? static_cast<int64_t>(kept->samples.size()) : 0; }
ct_profile_memory ct_profile_memory_sample_at(int64_t index) { return kept->samples.at(index); }
}
