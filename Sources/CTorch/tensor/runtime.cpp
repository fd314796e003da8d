// Versions, threads, grad mode and the random state of the process.
#include "ctorch_device.h"
#include "ctorch_inference.h"
#include "internal.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Context.h>
#include <ATen/Version.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>
#include <torch/version.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

using namespace ctorch;

namespace {
// libgomp's entry for `#pragma omp parallel`; LibTorch links libgomp, so the symbol is already in the process.
using ParallelEntry = void (*)(void (*)(void *), void *, unsigned, unsigned);
using ThreadNumber = int (*)();

ParallelEntry parallel_entry() {
    static auto entry = reinterpret_cast<ParallelEntry>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    return entry;
}
ThreadNumber thread_number() {
    static auto entry = reinterpret_cast<ThreadNumber>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
    return entry;
}
thread_local bool inside_parallel = false;

/// Waits for `isDone`, busily at first: the team's next task is microseconds away.
template <typename Condition>
void spin_until(Condition &&is_done) {
    for (int i = 0; !is_done(); i++) {
        if (i > 1 << 14) {
            sched_yield();
        } else {
#if defined(__x86_64__)
            __builtin_ia32_pause();
#endif
        }
    }
}

/// Threads of one parallel region that wait for tasks of the thread that opened it. A decoded token is a hundred short
/// tasks: waking sleeping threads for each of them takes longer than some of them do.
class StandingTeam {
   public:
    explicit StandingTeam(int threads) : threads_(threads) {}
    int threads() const { return threads_; }

    void work(int thread) {
        uint64_t seen = 0;
        while (true) {
            spin_until([&] { return task_number_.load(std::memory_order_acquire) != seen; });
            seen++;
            if (!task_) return;
            perform(thread);
            pending_.fetch_sub(1, std::memory_order_release);
        }
    }
    void run(const std::function<void(int)> &task) {
        start(&task);
        perform(0);
        spin_until([&] { return pending_.load(std::memory_order_acquire) == 0; });
        if (auto error = std::exchange(error_, nullptr)) {
            failed_.clear();
            std::rethrow_exception(error);
        }
    }
    void dismiss() { start(nullptr); }

   private:
    void start(const std::function<void(int)> *task) {
        task_ = task;
        pending_.store(threads_ - 1, std::memory_order_relaxed);
        task_number_.fetch_add(1, std::memory_order_release);
    }
    void perform(int thread) {
        inside_parallel = true;
        try {
            (*task_)(thread);
        } catch (...) {
            if (!failed_.test_and_set()) error_ = std::current_exception();
        }
        inside_parallel = false;
    }

    const int threads_;
    const std::function<void(int)> *task_ = nullptr;
    std::atomic_flag failed_ = ATOMIC_FLAG_INIT;
    std::exception_ptr error_;
    alignas(64) std::atomic<uint64_t> task_number_{0};
    alignas(64) std::atomic<int> pending_{0};
};
thread_local StandingTeam *standing_team = nullptr;

/// A thread of a team waits for its next task by spinning, 300,000 times by default: where other programs want the cores, steps
/// of tiny models take five times as long for it. libgomp spins 1,000 times when it manages more threads than there are
/// cores; a second team that never works again brings it there. A user's own setting stays.
void shorten_waits() {
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
    int idle = std::max(0, static_cast<int>(std::thread::hardware_concurrency()) - at::get_num_threads()) + 2;
    std::thread([idle] {
        parallel_entry()([](void *) {}, nullptr, static_cast<unsigned>(idle), 0);
        while (true) pause();
    }).detach();
}

void run_team(unsigned threads, const std::function<void(int)> &body) {
    static std::once_flag is_shortened;
    std::call_once(is_shortened, shorten_waits);
    if (standing_team) {
        return standing_team->run([&](int thread) {
            if (thread < static_cast<int>(threads)) body(thread);
        });
    }
    struct Team {
        const std::function<void(int)> *body;
        std::atomic_flag failed = ATOMIC_FLAG_INIT;
        std::exception_ptr error;
    } team{&body};
    parallel_entry()(
        [](void *context) {
            auto *team = static_cast<Team *>(context);
            inside_parallel = true;
            try {
                (*team->body)(thread_number()());
            } catch (...) {
                if (!team->failed.test_and_set()) team->error = std::current_exception();
            }
            inside_parallel = false;
        },
        &team, threads, 0);
    if (team.error) std::rethrow_exception(team.error);
}

/// A step allocates and frees the same large buffers over and over. By default glibc returns each of them to the system,
/// which zeroes the pages again at the next use: a tenth of a training step. Kept in one heap they are reused as they are.
/// The largest are pages of their own: a small tensor that outlives its layer, laid into the hole of one of hundreds of
/// megabytes, would cost the next layer another such hole (7 GB where 2 are needed, for 32,768 tokens).
[[maybe_unused]] const bool keeps_memory = [] {
    return mallopt(M_ARENA_MAX, 1) && mallopt(M_MMAP_THRESHOLD, 32 << 20) && mallopt(M_TRIM_THRESHOLD, -1) && mallopt(M_TOP_PAD, 64 << 20);
}();
}  // namespace

namespace ctorch {
// Inside a region LibTorch counts one thread.
int max_threads() { return standing_team ? standing_team->threads() : at::get_num_threads(); }

void parallel_for(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body) {
    if (count <= 0) return;
    int64_t threads = std::min<int64_t>(max_threads(), (count + grain - 1) / std::max<int64_t>(grain, 1));
    if (threads <= 1 || inside_parallel || !parallel_entry() || !thread_number()) return body(0, count);
    int64_t share = (count + threads - 1) / threads;
    run_team(static_cast<unsigned>(threads), [&](int thread) {
        int64_t begin = thread * share;
        if (begin < count) body(begin, std::min(begin + share, count));
    });
}

void parallel_items(int64_t count, const std::function<void(int64_t, int)> &body) {
    int64_t threads = std::min<int64_t>(max_threads(), count);
    if (threads <= 1 || inside_parallel || !parallel_entry() || !thread_number()) {
        for (int64_t i = 0; i < count; i++) body(i, 0);
        return;
    }
    std::atomic<int64_t> next{0};
    run_team(static_cast<unsigned>(threads), [&](int thread) {
        for (int64_t i = next++; i < count; i = next++) body(i, thread);
    });
}
}  // namespace ctorch

extern "C" {
void ct_with_team(void (*body)(void *), void *context) {
    int threads = max_threads();
    if (threads <= 1 || standing_team || inside_parallel || !parallel_entry() || !thread_number()) return body(context);
    struct Region {
        StandingTeam team;
        void (*body)(void *);
        void *context;
    } region{StandingTeam(threads), body, context};
    parallel_entry()(
        [](void *pointer) {
            auto &region = *static_cast<Region *>(pointer);
            int thread = thread_number()();
            if (thread > 0) return region.team.work(thread);
            standing_team = &region.team;
            region.body(region.context);
            standing_team = nullptr;
            region.team.dismiss();
        },
        &region, static_cast<unsigned>(threads), 0);
}
const char *ct_version(void) { return TORCH_VERSION; }
const char *ct_cpu_capability(void) {
    static std::string name = at::get_cpu_capability();
    return name.c_str();
}
bool ct_cuda_available(void) { return ct_cuda_count() > 0; }
int32_t ct_num_threads(void) { return at::get_num_threads(); }
void ct_set_num_threads(int32_t count) {
    guarded<int>("set_num_threads", 0, [&] { at::set_num_threads(count); return 0; });
}
bool ct_grad_enabled(void) { return c10::GradMode::is_enabled(); }
void ct_set_grad_enabled(bool enabled) { c10::GradMode::set_enabled(enabled); }
void ct_manual_seed(uint64_t seed) {
    guarded<int>("manual_seed", 0, [&] {
        auto generator = at::detail::getDefaultCPUGenerator();
        std::lock_guard<std::mutex> lock(generator.mutex());
        generator.set_current_seed(seed);
        for (int32_t i = 0; ct_cuda_is_open() && i < ct_cuda_count(); i++) {
            auto device = at::globalContext().defaultGenerator(at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(i)));
            std::lock_guard<std::mutex> device_lock(device.mutex());
            device.set_current_seed(seed);
        }
        return 0;
    });
}
ct_optional ct_rng_state(void) {
    return guarded_tensor("rng_state", [] { return at::detail::getDefaultCPUGenerator().get_state(); });
}
void ct_set_rng_state(ct_optional state) {
    if (!state) return;
    guarded<int>("set_rng_state", 0, [&] {
        auto generator = at::detail::getDefaultCPUGenerator();
        generator.set_state(borrow(state));
        return 0;
    });
}
}
