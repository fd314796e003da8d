// The output layer and its cross-entropy as one loop over the vocabulary. A block of the vocabulary is read from memory once:
// it gives the scores of all rows, then, weighted with their exponentials, it is added to the rows' mixes. The largest
// score, the sum and the mix of a row are corrected from block to block, as in blocked attention; the gradient of a row is
// its mix over its sum, less the label's row.
#include "bf16_vocabulary.hpp"

#include "internal.hpp"

#if defined(__x86_64__)
#include "bf16_tiles.hpp"

#include <cmath>

namespace {
using namespace ctorch::bf16;
using ctorch::VocabularyRows;

constexpr int64_t kMostRows = 512;  // rows that pass over a block together
constexpr int64_t kWords = 256;     // columns of a block: its scores and their exponentials fit the second cache
constexpr int64_t kParts = 8;       // parts of the vocabulary, each with sums of its own, whatever the number of threads
constexpr float kLowest = -3.0e38f;

/// What a part of the vocabulary found for each row.
struct Sums {
    float *max, *sum;  // [rows]
    float *mix;        // [size / 32][rows][32]: sum of exp(score - max) * weight over the words but the label
};

/// One thread's block: scores [panels][rows][32], their exponentials [rows, kWords] in bf16, and a panel.
struct Block {
    explicit Block(int64_t rows) : scores(memory.take<float>(rows * kWords * 3 / 2 + kDepth / 2 * kPanel)) {
        exponentials = reinterpret_cast<uint16_t *>(scores + rows * kWords);
        panel = reinterpret_cast<uint32_t *>(scores + rows * kWords * 3 / 2);
    }
    Scratch memory;
    float *scores;
    uint16_t *exponentials;
    uint32_t *panel;
};

/// Rows `first` ..< `first + count` of the pass.
struct Pass {
    const VocabularyRows &all;
    int64_t first, count;

    /// Scores of `words` words from `base` on.
    template <typename T>
    CT_BF16 void score(int64_t base, int64_t words, Block &block) const {
        const uint16_t *hidden = all.hidden + first * all.size;
        std::memset(block.scores, 0, panels_of(words) * count * kPanel * sizeof(float));
        for (int64_t word = 0; word < words; word += kPanel) {
            auto *right = static_cast<const T *>(all.weight) + (base + word) * all.size;
            for (int64_t k = 0, depth = block_depth(all.size); k < all.size; k += depth) {
                int64_t part = std::min(depth, all.size - k);
                pack_transposed(right + k, all.size, part, std::min(kPanel, words - word), block.panel);
                tiles<2>(count, part / 2, hidden + k, all.size, block.panel, block.scores + word * count);
            }
        }
    }

    /// Scores to exponentials, with maxima, sums and mixes brought up to date; the label's own is kept out of the mix.
    CT_BF16 void exponentiate(int64_t base, int64_t words, float *label_scores, const Sums &sums, Block &block) const {
        int64_t panels = panels_of(words), last = words - (panels - 1) * kPanel;
        __m512 lowest = _mm512_set1_ps(kLowest);
        for (int64_t r = 0; r < count; r++) {
            float *row = block.scores + r * kPanel;
            for (int64_t j = last; j < kPanel; j++) row[(panels - 1) * count * kPanel + j] = kLowest;
            __m512 high[2] = {lowest, lowest};
            for (int64_t p = 0; p < panels; p++)
                for (int v = 0; v < 2; v++) high[v] = _mm512_max_ps(high[v], _mm512_load_ps(row + p * count * kPanel + v * 16));
            float before = sums.max[r], max = std::max(before, _mm512_reduce_max_ps(_mm512_max_ps(high[0], high[1])));
            if (max > before) {
                sums.max[r] = max;
                float factor = std::exp(before - max);
                sums.sum[r] *= factor;
                for (int64_t p = 0; sums.mix && p < panels_of(all.size); p++)
                    for (int v = 0; v < 2; v++) {
                        float *mix = sums.mix + (p * count + r) * kPanel + v * 16;
                        _mm512_store_ps(mix, _mm512_mul_ps(_mm512_load_ps(mix), _mm512_set1_ps(factor)));
                    }
            }
            int64_t label = all.labels[first + r] - base;
            bool is_here = label >= 0 && label < words;
            if (is_here) label_scores[first + r] = row[label / kPanel * count * kPanel + label % kPanel];
            __m512 sum[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()}, top = _mm512_set1_ps(max);
            uint16_t *out = block.exponentials + r * kWords;
            for (int64_t p = 0; p < panels; p++) {
                __m512 e[2];
                for (int v = 0; v < 2; v++) {
                    e[v] = exp_of(_mm512_sub_ps(_mm512_load_ps(row + p * count * kPanel + v * 16), top));
                    sum[v] = _mm512_add_ps(sum[v], e[v]);
                }
                _mm512_store_si512(out + p * kPanel, (__m512i)_mm512_cvtne2ps_pbh(e[1], e[0]));
            }
            sums.sum[r] += _mm512_reduce_add_ps(_mm512_add_ps(sum[0], sum[1]));
            if (is_here) out[label] = 0;
            for (int64_t j = words; j < panels * kPanel; j++) out[j] = 0;
        }
    }

    /// mix += exponentials * weight.
    template <typename T>
    CT_BF16 void mix(int64_t base, int64_t words, const Sums &sums, Block &block) const {
        auto *right = static_cast<const T *>(all.weight) + base * all.size;
        for (int64_t column = 0; column < all.size; column += kPanel) {
            int64_t columns = std::min(kPanel, all.size - column);
            pack_plain(right + column, all.size, words, columns, block.panel);
            tiles_of(columns, count, (words + 1) / 2, block.exponentials, kWords, block.panel, sums.mix + column * count);
        }
    }

    template <typename T>
    CT_BF16 void part(int64_t begin, int64_t end, float *label_scores, const Sums &sums, Block &block) const {
        std::fill_n(sums.max, count, kLowest);
        std::fill_n(sums.sum, count, 0.0f);
        if (sums.mix) std::memset(sums.mix, 0, panels_of(all.size) * count * kPanel * sizeof(float));
        for (int64_t base = begin; base < end; base += kWords) {
            int64_t words = std::min(kWords, end - base);
            score<T>(base, words, block);
            exponentiate(base, words, label_scores, sums, block);
            if (sums.mix) mix<T>(base, words, sums, block);
        }
    }

    /// Loss and gradient of row `r` from the sums of all parts, in their order.
    CT_BF16 void finish(int64_t r, const std::vector<Sums> &parts, float score, float *mixed) const {
        float max = kLowest, sum = 0;
        for (auto &part : parts) max = std::max(max, part.max[r]);
        for (auto &part : parts) sum += part.sum[r] * std::exp(part.max[r] - max);
        int64_t row = first + r;
        float loss = max + std::log(sum) - score;
        if (all.losses) all.losses[row] = loss;
        if (all.hits) all.hits[row] = score >= max;
        if (!all.gradient) return;
        float scale = all.scales ? all.scales[row] : 1;
        int64_t panels = panels_of(all.size);
        std::fill_n(mixed, panels * kPanel, 0.0f);
        for (auto &part : parts) {
            float factor = std::exp(part.max[r] - max) / sum * scale;
            for (int64_t p = 0; p < panels; p++)
                for (int64_t j = 0; j < kPanel; j++) mixed[p * kPanel + j] += factor * part.mix[(p * count + r) * kPanel + j];
        }
        // Apart, so that a sure label's small share is not lost in the rounding of its exponential.
        float share = std::expm1(-loss) * scale;
        int64_t label = all.labels[row] * all.size;
        for (int64_t j = 0; j < all.size; j++) {
            float weight = all.is_weight_wide ? static_cast<float>(c10::BFloat16(static_cast<const float *>(all.weight)[label + j]))
                                              : static_cast<float>(static_cast<const c10::BFloat16 *>(all.weight)[label + j]);
            reinterpret_cast<c10::BFloat16 *>(all.gradient)[row * all.size + j] = mixed[j] + share * weight;
        }
    }
};
}  // namespace

namespace ctorch {
void bf16_cross_entropy(const VocabularyRows &all) {
    if (all.rows == 0) return;
    int64_t blocks = (all.rows + kMostRows - 1) / kMostRows, most = (all.rows + blocks - 1) / blocks;
    // Whole blocks of words, shared out evenly.
    int64_t share = ((all.vocabulary + kWords - 1) / kWords + kParts - 1) / kParts * kWords, num_parts = (all.vocabulary + share - 1) / share;
    int64_t threads = std::min<int64_t>(max_threads(), num_parts), mix_size = all.gradient ? panels_of(all.size) * most * kPanel : 0;
    at::Tensor memory = at::empty({num_parts * (mix_size + 2 * most)}, at::kFloat), scores = at::empty({all.rows}, at::kFloat);
    float *label_scores = scores.mutable_data_ptr<float>();
    std::vector<Sums> parts;
    for (int64_t i = 0; i < num_parts; i++) {
        float *mix = memory.mutable_data_ptr<float>() + i * mix_size, *max = memory.mutable_data_ptr<float>() + num_parts * mix_size + i * 2 * most;
        parts.push_back({max, max + most, all.gradient ? mix : nullptr});
    }
    std::vector<Block> own;
    for (int64_t i = 0; i < threads; i++) own.emplace_back(most);
    for (int64_t first = 0; first < all.rows; first += most) {
        Pass pass{all, first, std::min(most, all.rows - first)};
        parallel_items(num_parts, [&](int64_t i, int thread) {
            int64_t begin = i * share, end = std::min(begin + share, all.vocabulary);
            if (all.is_weight_wide) pass.part<float>(begin, end, label_scores, parts[i], own[thread]);
            else pass.part<uint16_t>(begin, end, label_scores, parts[i], own[thread]);
        });
        parallel_for(pass.count, 8, [&](int64_t begin, int64_t end) {
            std::vector<float> mixed(panels_of(all.size) * kPanel);
            for (int64_t r = begin; r < end; r++) pass.finish(r, parts, label_scores[first + r], mixed.data());
        });
    }
}
}  // namespace ctorch
#else
namespace ctorch {
void bf16_cross_entropy(const VocabularyRows &) {}
}  // namespace ctorch
#endif
