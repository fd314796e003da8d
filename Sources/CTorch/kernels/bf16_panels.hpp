// A bf16 weight [columns, depth] in the order in which products read it: panels of 32 columns, each [depth / 2][32] pairs
// of neighbours along the depth, one panel after another. The last one is filled with zeros. Memory is read straight on,
// nothing is turned at use and no sum runs across lanes. Needs `has_bf16_products()` and an even depth.
#pragma once
#include <cstdint>

namespace ctorch {

constexpr int64_t kPanelColumns = 32;

/// Pairs of one panel.
inline int64_t panel_pairs(int64_t depth) { return depth / 2 * kPanelColumns; }
/// Pairs of a whole weight.
inline int64_t panels_pairs(int64_t columns, int64_t depth) { return (columns + kPanelColumns - 1) / kPanelColumns * panel_pairs(depth); }

/// Packs rows of `weight`, bf16 with `depth` elements each, into `panels`, and back.
void pack_panels(const uint16_t *weight, int64_t columns, int64_t depth, uint32_t *panels);
void unpack_panels(const uint32_t *panels, int64_t columns, int64_t depth, uint16_t *weight);

/// y [rows][32] = x [rows, depth] times one panel, in fp32: for a few rows, at the speed of memory. A row's sums run along
/// the depth, whatever rows are beside it.
void panel_product(const uint16_t *x, int64_t x_row, int64_t rows, const uint32_t *panel, int64_t depth, float *y, int64_t y_row);

}  // namespace ctorch
