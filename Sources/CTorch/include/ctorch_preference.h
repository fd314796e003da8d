// What preference training needs of the output layer: log-probabilities of labels.
#ifndef CTORCH_PREFERENCE_H
#define CTORCH_PREFERENCE_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Log-probabilities fp32 [N] of `labels` (int64 [N]) under softmax(hidden weight^T), hidden [N, D], weight [V, D]; with a
/// gradient. Logits are made `block_rows` rows at a time and never kept.
ct_optional ct_linear_log_probs(ct_optional hidden, ct_optional weight, ct_optional labels, int64_t block_rows);

#ifdef __cplusplus
}
#endif
#endif
