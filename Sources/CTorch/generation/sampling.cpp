// The choice of tokens from rows of logits, one thread a row. The order is vLLM's and transformers': allowed tokens,
// bias, repetition, frequency and presence penalty, temperature, top-k, top-p, min-p, then the draw.
#include "ctorch_inference.h"
#include "composed/composed.hpp"
#include "kernels/decode.hpp"

#include <cmath>
#include <limits>

using namespace ctorch;

namespace {
constexpr float kNever = -std::numeric_limits<float>::infinity();

/// The k-th largest of the values, k at most `size`.
float kth_largest(const float *x, int64_t size, int64_t k) {
    std::vector<float> heap;  // the smallest of the largest so far is in front
    heap.reserve(k);
    constexpr int64_t kRun = 512;
    for (int64_t first = 0; first < size; first += kRun) {
        int64_t count = std::min(kRun, size - first);
        bool full = static_cast<int64_t>(heap.size()) == k;
        if (full && decode_kernels().max(x + first, count) <= heap.front()) continue;
        for (int64_t i = first; i < first + count; i++) {
            if (static_cast<int64_t>(heap.size()) < k) {
                heap.push_back(x[i]);
                std::push_heap(heap.begin(), heap.end(), std::greater<>());
            } else if (x[i] > heap.front()) {
                std::pop_heap(heap.begin(), heap.end(), std::greater<>());
                heap.back() = x[i];
                std::push_heap(heap.begin(), heap.end(), std::greater<>());
            }
        }
    }
    return heap.front();
}

/// Indices of the k largest values and those equal to the last of them, largest first, equal ones by index.
std::vector<int32_t> largest(const float *x, int64_t size, int64_t k) {
    if (k <= 0) return {};
    float border = kth_largest(x, size, std::min(k, size));
    std::vector<int32_t> found(std::min<int64_t>(size, k + 64));
    int64_t count = decode_kernels().at_least(x, size, border, found.data(), found.size());
    if (count > static_cast<int64_t>(found.size())) {
        found.resize(count);
        decode_kernels().at_least(x, size, border, found.data(), count);
    }
    found.resize(count);
    std::sort(found.begin(), found.end(), [x](int32_t a, int32_t b) { return x[a] != x[b] ? x[a] > x[b] : a < b; });
    return found;
}

double log_sum_exp(const float *x, int64_t size) {
    float max = decode_kernels().max(x, size);
    return max + std::log(decode_kernels().exp_sum(x, size, max, 1, nullptr));
}

/// The likeliest tokens of raw logits into `out`, the rest of it marked empty.
void report(const float *x, int64_t size, double lse, int32_t wanted, ct_token *out, int32_t stride) {
    auto best = largest(x, size, wanted);
    for (int32_t i = 0; i < stride; i++)
        out[i] = i < wanted && i < static_cast<int32_t>(best.size()) ? ct_token{best[i], static_cast<float>(x[best[i]] - lse)} : ct_token{-1, 0};
}

bool in_range(int32_t id, int64_t size) { return id >= 0 && id < size; }

/// Everything that changes single logits.
void adjust(float *x, int64_t size, const ct_sampling &s) {
    if (s.mask) {
        std::vector<float> kept(s.num_extra);
        for (int32_t i = 0; i < s.num_extra; i++) kept[i] = in_range(s.extra[i], size) ? x[s.extra[i]] : kNever;
        for (int64_t word = 0; word * 64 < size; word++) {
            uint64_t bits = word < s.num_mask_words ? s.mask[word] : 0;
            if (bits == ~0ull) continue;
            for (int64_t i = word * 64; i < std::min(size, word * 64 + 64); i++)
                if (!(bits >> (i & 63) & 1)) x[i] = kNever;
        }
        for (int32_t i = 0; i < s.num_extra; i++)
            if (in_range(s.extra[i], size)) x[s.extra[i]] = kept[i];
    }
    for (int32_t i = 0; i < s.num_banned; i++)
        if (in_range(s.banned[i], size)) x[s.banned[i]] = kNever;
    for (int32_t i = 0; i < s.num_biases; i++)
        if (in_range(s.bias_ids[i], size)) x[s.bias_ids[i]] += s.biases[i];
    for (int32_t i = 0; i < s.num_seen; i++) {
        if (!in_range(s.seen[i], size)) continue;
        float &value = x[s.seen[i]];
        if (s.repetition != 1) value = static_cast<float>(value < 0 ? value * s.repetition : value / s.repetition);
        int32_t count = s.seen_counts[i];
        if (count > 0) value -= static_cast<float>(s.frequency * count + s.presence);
    }
}

/// A draw by weights as a race: each token is worth its weight over an exponential number of its own, made from the draw's
/// number and its id. A token wins as often as its weight is of all; the rounding of the others (logits differ a little with
/// what is computed beside them) moves nothing, as it would along a sum of weights.
class Race {
  public:
    explicit Race(double uniform) : seed(__builtin_bit_cast(uint64_t, uniform)) {}

    void enter(int32_t id, double weight) {
        if (!(weight > 0)) return;
        double u = own_uniform(id);
        // -log(u) is at least 1 - u: most need no logarithm.
        if (weight <= best * (1 - u)) return;
        double worth = weight / -std::log(u);
        if (worth > best) best = worth, first = id;
    }

    int32_t winner() const { return first; }

  private:
    uint64_t seed;
    double best = 0;
    int32_t first = -1;

    /// U(0, 1) of one token, by SplitMix64.
    double own_uniform(int32_t id) const {
        uint64_t z = seed + (static_cast<uint64_t>(id) + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (static_cast<double>((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
    }
};

/// A draw among the k largest.
int32_t draw_few(const float *x, int64_t size, const ct_sampling &s) {
    auto candidates = largest(x, size, s.top_k);
    double max = x[candidates[0]];
    std::vector<double> weights;
    double total = 0;
    for (int32_t id : candidates) {
        weights.push_back(std::exp((x[id] - max) / s.temperature));
        total += weights.back();
    }
    size_t kept = 0;
    double sum = 0;
    // A token stays while those likelier than it have not reached top_p together; the first always stays.
    while (kept < weights.size() && (kept == 0 || (sum < s.top_p * total && weights[kept] >= s.min_p && weights[kept] > 0))) sum += weights[kept++];
    Race race(s.uniform);
    for (size_t i = 0; i < kept; i++) race.enter(candidates[i], weights[i]);
    return race.winner();
}

/// A draw among all tokens; only those at the border of top_p are sorted.
int32_t draw_many(const float *x, int64_t size, float max, const ct_sampling &s) {
    std::vector<float> weights(size);
    double total = decode_kernels().exp_sum(x, size, max, static_cast<float>(1 / s.temperature), weights.data());
    if (s.top_p < 1) {
        constexpr int kShift = 19;  // exponent and four bits of the mantissa
        auto bucket = [](float weight) { return __builtin_bit_cast(uint32_t, weight) >> kShift; };
        std::vector<double> mass(bucket(1.0f) + 2);
        for (float weight : weights) mass[std::min<size_t>(bucket(weight), mass.size() - 1)] += weight;
        double limit = s.top_p * total, above = 0;
        int64_t border = static_cast<int64_t>(mass.size()) - 1;
        while (border > 0 && above + mass[border] < limit) above += mass[border--];
        std::vector<int32_t> close;
        for (int64_t i = 0; i < size; i++) {
            auto own = static_cast<int64_t>(std::min<size_t>(bucket(weights[i]), mass.size() - 1));
            if (own == border) close.push_back(static_cast<int32_t>(i));
            if (own < border) weights[i] = 0;
        }
        std::sort(close.begin(), close.end(), [&](int32_t a, int32_t b) { return weights[a] != weights[b] ? weights[a] > weights[b] : a < b; });
        bool first = above == 0;
        for (int32_t id : close) {
            bool stays = first || above < limit;
            first = false;
            above += weights[id];
            if (!stays) weights[id] = 0;
        }
    }
    Race race(s.uniform);
    for (int64_t i = 0; i < size; i++)
        if (weights[i] >= s.min_p) race.enter(static_cast<int32_t>(i), weights[i]);
    return race.winner();
}

int32_t choose(float *x, int64_t size, const ct_sampling &s) {
    adjust(x, size, s);
    float max = decode_kernels().max(x, size);
    // No token is allowed, or the logits are not finite.
    if (!(max > kNever) || max == std::numeric_limits<float>::infinity()) return -1;
    if (!(s.temperature > 0) || s.top_k == 1) return static_cast<int32_t>(decode_kernels().argmax(x, size));
    return s.top_k > 0 && s.top_k < size ? draw_few(x, size, s) : draw_many(x, size, max, s);
}

/// Whether a row takes the largest raw logit and reports nothing.
bool is_plain(const ct_sampling &s) {
    bool has_penalty = s.num_seen > 0 && (s.repetition != 1 || s.presence != 0 || s.frequency != 0);
    return (!(s.temperature > 0) || s.top_k == 1) && !has_penalty && s.num_biases == 0 && !s.mask && s.num_banned == 0 && s.num_likeliest < 0;
}

/// The largest logit of each row, found where the logits are; -1 as `choose` gives it.
void choose_plain(const at::Tensor &logits, ct_token *chosen) {
    at::Tensor best = at::where(logits.amax(1).isfinite(), logits.argmax(1), -1).to(at::kInt).cpu();
    for (int64_t i = 0; i < best.numel(); i++) chosen[i] = {best.const_data_ptr<int32_t>()[i], std::numeric_limits<float>::quiet_NaN()};
}

at::Tensor rows_of(ct_optional logits, int32_t count) {
    // Tokens are chosen on the CPU wherever the logits were made.
    at::Tensor t = borrow(logits).cpu();
    TORCH_CHECK(t.dim() == 2 && t.size(0) == count && t.size(1) > 0 && t.scalar_type() == at::kFloat && t.is_contiguous(), "logits ", t.sizes(), " for ", count, " rows");
    return t;
}
}  // namespace

extern "C" {
bool ct_sample(ct_optional logits, const ct_sampling *rows, int32_t count, ct_token *chosen, ct_token *likeliest, int32_t stride) {
    if (!logits) return false;
    return guarded<bool>("sample", false, [&] {
        at::Tensor raw_logits = borrow(logits);
        if (composes(raw_logits) && raw_logits.dim() == 2 && raw_logits.size(0) == count && std::all_of(rows, rows + count, is_plain)) {
            choose_plain(raw_logits, chosen);
            return true;
        }
        at::Tensor t = rows_of(logits, count);
        int64_t size = t.size(1);
        float *base = t.mutable_data_ptr<float>();
        parallel_items(count, [&](int64_t i, int) {
            auto &s = rows[i];
            float *x = base + i * size;
            std::vector<float> raw;
            double lse = 0;
            if (s.num_likeliest >= 0) {
                raw.assign(x, x + size);
                lse = log_sum_exp(x, size);
                if (likeliest) report(x, size, lse, s.num_likeliest, likeliest + i * stride, stride);
            }
            int32_t id = choose(x, size, s);
            chosen[i] = {id, id >= 0 && s.num_likeliest >= 0 ? static_cast<float>(raw[id] - lse) : std::numeric_limits<float>::quiet_NaN()};
        });
        return true;
    });
}

bool ct_token_logprobs(ct_optional logits, const int32_t *targets, int32_t count, int32_t num_likeliest, ct_token *chosen, ct_token *likeliest) {
    if (!logits) return false;
    return guarded<bool>("token logprobs", false, [&] {
        at::Tensor t = rows_of(logits, count);
        int64_t size = t.size(1);
        const float *base = t.const_data_ptr<float>();
        parallel_items(count, [&](int64_t i, int) {
            const float *x = base + i * size;
            double lse = log_sum_exp(x, size);
            chosen[i] = {targets[i], in_range(targets[i], size) ? static_cast<float>(x[targets[i]] - lse) : kNever};
            if (likeliest && num_likeliest > 0) report(x, size, lse, num_likeliest, likeliest + i * num_likeliest, num_likeliest);
        });
        return true;
    });
}
}
