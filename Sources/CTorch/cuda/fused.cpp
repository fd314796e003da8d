#include "cuda/fused.hpp"

#include "composed/composed.hpp"
#include "cuda/library.hpp"

#include <array>
#include <atomic>
#include <mutex>

namespace {
using namespace ctorch;
using cuda::Grid;

enum Part { kGated, kRotation, kLoss, kPaged, kParts };
constexpr const char *kPartNames[kParts] = {"the gated product", "the rotation", "the cross-entropy", "the paged cache"};

/// How this thread decides: as the checks left it, or as a check itself wants it.
enum class Use { asChecked, never, always };
thread_local Use use = Use::asChecked;
thread_local bool is_emulated = false;

struct Using {
    explicit Using(Use wanted) : before(use) { use = wanted; }
    ~Using() { use = before; }
    Using(const Using &) = delete;
    const Use before;
};

bool passes(Part part, at::ScalarType dtype, at::Device device);

/// Whether the part's kernels are used for tensors like `t`; the first one asks for their check.
bool runs(Part part, const at::Tensor &t) {
    if (!cuda::suffix_of(t.scalar_type()) || use == Use::never) return false;
    if (!t.is_cuda()) return is_emulated;
    if (use == Use::always) return true;
    static const bool off = [] {
        const char *value = getenv("ANNEAL_CUDA_KERNELS");
        return value && std::string(value) == "0";
    }();
    if (off) return false;
    enum State : int { unknown, good, bad };
    constexpr size_t kDevices = 64;
    static std::array<std::atomic<int>, kDevices * kParts * 2> states{};
    static std::recursive_mutex &mutex = *new std::recursive_mutex;
    size_t device = static_cast<size_t>(t.get_device());
    if (device >= kDevices) return false;
    auto &state = states[(device * kParts + part) * 2 + (t.scalar_type() == at::kFloat)];
    if (state.load(std::memory_order_acquire) == unknown) {
        std::lock_guard<std::recursive_mutex> lock(mutex);
        if (state == unknown) state = passes(part, t.scalar_type(), t.device()) ? good : bad;
    }
    return state == good;
}

bool is_aligned(const at::Tensor &t) { return reinterpret_cast<uintptr_t>(t.const_data_ptr()) % 16 == 0; }

/// Elements of a kernel's Quad.
int64_t quad(const at::Tensor &t) { return 16 / static_cast<int64_t>(t.element_size()); }

int64_t groups(int64_t count, int64_t size) { return (count + size - 1) / size; }

template <typename... Arguments>
void run(const at::Tensor &like, const char *name, Grid grid, int threads, Arguments... arguments) {
    if (grid.x == 0) return;
    void *addresses[] = {static_cast<void *>(&arguments)...};
    cuda::launch(like.device(), like.scalar_type(), name, grid, threads, addresses);
}

const void *in(const at::Tensor &t) { return t.defined() ? t.const_data_ptr() : nullptr; }
void *out(const at::Tensor &t) { return t.defined() ? t.mutable_data_ptr() : nullptr; }

constexpr int kThreads = 256;

// ---- the check at first use ----

/// Numbers in [-2, 2] that depend on `seed` and touch no generator.
at::Tensor numbers(at::IntArrayRef shape, double seed, at::ScalarType dtype, at::Device device) {
    int64_t count = c10::multiply_integers(shape);
    return as(at::arange(count, at::TensorOptions().dtype(at::kFloat).device(device)).mul(12.9898).add(seed).sin().mul(2).reshape(shape), dtype);
}

using Results = std::vector<at::Tensor>;

Results gated_results(at::ScalarType dtype, at::Device device) {
    at::Tensor gate = numbers({37, 101}, 1, dtype, device), up = numbers({37, 101}, 2, dtype, device), dy = numbers({37, 101}, 3, dtype, device);
    auto [dgate, dup] = composed::gated_gradients(gate, up, dy);
    return {composed::gated(gate, up), dgate, dup};
}

Results rotated(at::ScalarType dtype, at::Device device) {
    at::Tensor x = numbers({19, 6, 128}, 1, dtype, device).narrow(1, 2, 3), angles = numbers({19, 128}, 2, at::kFloat, device);
    return {composed::rotate(x, angles.cos(), angles.sin(), 1), composed::rotate(x, angles.cos(), angles.sin(), -1)};
}

Results losses(at::ScalarType dtype, at::Device device) {
    Results results;
    for (int64_t vocabulary : {1000, 4103}) {
        at::Tensor hidden = numbers({11, 64}, 1, dtype, device), weight = numbers({vocabulary, 64}, 2, dtype, device), weights = numbers({11}, 3, at::kFloat, device);
        hidden.set_requires_grad(true);
        at::AutoGradMode on(true);
        at::Tensor labels = at::arange(11, hidden.options().dtype(at::kLong).requires_grad(false)).mul(vocabulary / 11);
        at::Tensor result = composed::linear_cross_entropy(hidden, weight, labels, weights, 7);
        result.select(0, 0).backward();
        results.push_back(result.detach());
        results.push_back(hidden.grad());
    }
    return results;
}

Results paged(at::ScalarType dtype, at::Device device) {
    Results results;
    constexpr int64_t kHeads = 6, kGroups = 2;
    for (int64_t dim : {64, 128}) {
        at::Tensor cache = at::zeros({2, 24, 16, kGroups, dim}, at::TensorOptions().dtype(dtype).device(device));
        std::vector<int32_t> tables(2 * 12);
        for (size_t i = 0; i < tables.size(); i++) tables[i] = static_cast<int32_t>(i * 7 % 24);
        std::vector<int32_t> lengths{150, 33}, offsets{0, 150, 183};
        auto pass = [&](double seed) {
            int64_t rows = offsets.back();
            at::Tensor angles = numbers({rows, dim}, seed, at::kFloat, device);
            ct_paged_batch batch{2, 12, offsets.data(), lengths.data(), tables.data()};
            return composed::paged_attention(numbers({rows, kHeads * dim}, seed + 1, dtype, device), numbers({rows, kGroups * dim}, seed + 2, dtype, device),
                                             numbers({rows, kGroups * dim}, seed + 3, dtype, device), angles.cos(), angles.sin(), cache, batch, 0.1);
        };
        results.push_back(pass(1));
        lengths = {151, 34};
        offsets = {0, 1, 2};
        results.push_back(pass(5));
        results.push_back(cache);
    }
    return results;
}

/// Whether the part's kernels give what LibTorch's operators give; says so once when they do not.
bool passes(Part part, at::ScalarType dtype, at::Device device) {
    constexpr Results (*kResults[kParts])(at::ScalarType, at::Device) = {gated_results, rotated, losses, paged};
    std::string reason;
    try {
        at::NoGradGuard off;
        Results plain, own;
        {
            Using never(Use::never);
            plain = kResults[part](dtype, device);
        }
        {
            Using always(Use::always);
            own = kResults[part](dtype, device);
        }
        double tolerance = dtype == at::kFloat ? 1e-4 : 3e-2;
        for (size_t i = 0; i < plain.size() && reason.empty(); i++) {
            at::Tensor a = plain[i].to(at::kDouble), b = own[i].to(at::kDouble);
            double distance = (a - b).abs().max().item<double>(), size = std::max(1.0, a.abs().max().item<double>());
            if (!(distance <= tolerance * size)) reason = "value " + std::to_string(i) + " is off by " + std::to_string(distance) + " of " + std::to_string(size);
        }
    } catch (const c10::Error &error) {
        reason = error.what_without_backtrace();
    } catch (const std::exception &error) {
        reason = error.what();
    }
    if (!reason.empty())
        fprintf(stderr, "Warning: our CUDA kernels of %s (%s) are not used, LibTorch's operators are: %s\n", kPartNames[part], cuda::suffix_of(dtype), reason.c_str());
    return reason.empty();
}
}  // namespace

namespace ctorch::cuda {
void set_emulated(bool emulated) { is_emulated = emulated; }

std::optional<at::Tensor> gated(const at::Tensor &gate, const at::Tensor &up) {
    if (!gate.is_contiguous() || !up.is_contiguous() || !is_aligned(gate) || !is_aligned(up) || !runs(kGated, gate)) return {};
    at::Tensor y = at::empty_like(gate);
    run(gate, "gated", {groups(gate.numel(), kThreads * quad(gate))}, kThreads, in(gate), in(up), out(y), static_cast<long long>(gate.numel()));
    return y;
}

std::optional<std::pair<at::Tensor, at::Tensor>> gated_gradients(const at::Tensor &gate, const at::Tensor &up, const at::Tensor &dy_in) {
    at::Tensor dy = dy_in.contiguous();
    bool fits = gate.is_contiguous() && up.is_contiguous() && is_aligned(gate) && is_aligned(up) && is_aligned(dy) && dy.scalar_type() == gate.scalar_type();
    if (!fits || !runs(kGated, gate)) return {};
    at::Tensor dgate = at::empty_like(gate), dup = at::empty_like(up);
    run(gate, "gated_gradient", {groups(gate.numel(), kThreads * quad(gate))}, kThreads, in(gate), in(up), in(dy), out(dgate), out(dup),
           static_cast<long long>(gate.numel()));
    return std::pair(dgate, dup);
}

std::optional<at::Tensor> rotate(const at::Tensor &x_in, const at::Tensor &cos_in, const at::Tensor &sin_in, double direction) {
    at::Tensor x = x_in.stride(2) == 1 ? x_in : x_in.contiguous(), cos = cos_in.contiguous(), sin = sin_in.contiguous();
    int64_t rows = x.size(0), heads = x.size(1), dim = x.size(2);
    bool fits = dim % (2 * quad(x)) == 0 && x.stride(0) % quad(x) == 0 && x.stride(1) % quad(x) == 0 && is_aligned(x) && cos.scalar_type() == at::kFloat &&
                sin.scalar_type() == at::kFloat;
    if (!fits || !runs(kRotation, x)) return {};
    at::Tensor y = at::empty({rows, heads, dim}, x.options());
    run(x, "rotate", {groups(rows * heads * (dim / 2 / quad(x)), kThreads)}, kThreads, in(x), static_cast<long long>(x.stride(0)), static_cast<long long>(x.stride(1)),
           out(y), in(cos), in(sin), static_cast<long long>(rows), static_cast<int>(heads), static_cast<int>(dim), static_cast<float>(direction));
    return y;
}

bool cross_entropy(const at::Tensor &logits, const at::Tensor &labels, const at::Tensor &weights, const at::Tensor &losses, const at::Tensor &hits) {
    auto is_plain = [](const at::Tensor &t) { return !t.defined() || t.is_contiguous(); };
    if (!logits.is_contiguous() || !is_aligned(logits) || !is_plain(labels) || !is_plain(weights) || !is_plain(losses) || !is_plain(hits) || !runs(kLoss, logits))
        return false;
    // Emulation has a thread of the system for each of a block.
    run(logits, "cross_entropy", {logits.size(0)}, logits.is_cuda() ? 512 : 16, out(logits), static_cast<long long>(logits.size(1)), in(labels), in(weights), out(losses),
           out(hits), static_cast<int>(weights.defined()));
    return true;
}

std::optional<at::Tensor> paged_write(const at::Tensor &q, const at::Tensor &k, const at::Tensor &v, const at::Tensor &cos_in, const at::Tensor &sin_in,
                                      const at::Tensor &places, const at::Tensor &cache) {
    int64_t kv_heads = cache.size(3), dim = cache.size(4), heads = q.size(1) / dim;
    at::Tensor cos = cos_in.contiguous(), sin = sin_in.contiguous();
    auto fits = [](const at::Tensor &t) { return t.stride(1) == 1 && t.stride(0) % quad(t) == 0 && is_aligned(t); };
    if (!fits(q) || !fits(k) || !fits(v) || dim % (2 * quad(q)) != 0 || !cache.is_contiguous() || !is_aligned(cache) || cos.scalar_type() != at::kFloat ||
        sin.scalar_type() != at::kFloat || !runs(kPaged, q))
        return {};
    at::Tensor turned = at::empty({q.size(0), heads, dim}, q.options());
    run(q, "paged_write", {q.size(0)}, kThreads, in(q), static_cast<long long>(q.stride(0)), in(k), static_cast<long long>(k.stride(0)), in(v),
           static_cast<long long>(v.stride(0)), in(cos), in(sin), in(places), out(turned), out(cache.select(0, 0)), out(cache.select(0, 1)), static_cast<int>(heads),
           static_cast<int>(kv_heads), static_cast<int>(dim));
    return turned;
}

std::optional<at::Tensor> paged_decode(const at::Tensor &q, const at::Tensor &cache, const at::Tensor &tables, int64_t longest, double scale) {
    constexpr int kShared = 8, kDecodeThreads = 128;                   // as in the kernel
    constexpr int64_t kBlocks = 264, kFewestKeys = 64, kMostShares = 64;  // two blocks for each processor of a large GPU
    int64_t sequences = q.size(0), heads = q.size(1), dim = q.size(2), kv_heads = cache.size(3);
    if ((dim != 32 && dim != 64 && dim != 128 && dim != 256) || !q.is_contiguous() || !cache.is_contiguous() || !is_aligned(cache) || !runs(kPaged, q)) return {};
    int64_t parts = kv_heads * groups(heads / kv_heads, kShared);
    int64_t shares = std::clamp<int64_t>(std::min(kBlocks / std::max<int64_t>(1, sequences * parts), groups(longest, kFewestKeys)), 1, kMostShares);
    at::Tensor y = at::empty_like(q), partial = shares > 1 ? at::empty({sequences, heads, shares, dim + 2}, q.options().dtype(at::kFloat)) : at::Tensor();
    std::string name = "paged_decode_" + std::to_string(dim);
    run(q, name.c_str(), {sequences, static_cast<int>(parts), static_cast<int>(shares)}, kDecodeThreads, in(q), in(cache.select(0, 0)), in(cache.select(0, 1)), in(tables),
           static_cast<int>(tables.size(1)), out(y), out(partial), static_cast<int>(heads), static_cast<int>(kv_heads), static_cast<int>(shares), static_cast<float>(scale));
    if (shares > 1) run(q, "paged_combine", {sequences * heads}, kDecodeThreads, in(partial), out(y), static_cast<int>(shares), static_cast<int>(dim));
    return y;
}
}  // namespace ctorch::cuda
