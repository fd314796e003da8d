// What the optimizer needs of gradients.
#ifndef CTORCH_TRAINING_H
#define CTORCH_TRAINING_H

#include "ctorch.h"

#ifdef __cplusplus
extern "C" {
#endif

/// Gives a tensor without a gradient one of zeros, for kernels and backward passes to add to.
void ct_make_grad(ct_optional t);

#ifdef __cplusplus
}
#endif
#endif
