// Memory for what is read whole in every step.
#pragma once
#include "internal.hpp"

namespace ctorch {

/// A CPU tensor whose memory begins at a large page (2 MiB) and consists of such pages where the system has them: an
/// address is then looked up once per 2 MiB instead of once per 4 KiB, which costs a pass over the weights a sixth of its
/// time. Pages are taken, zeroed, when they are first written.
at::Tensor in_large_pages(at::IntArrayRef sizes, at::ScalarType dtype);

}  // namespace ctorch
