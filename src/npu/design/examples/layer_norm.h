// LayerNorm of rows on one core: passthrough with a kernel that computes, and a second stream into
// the core for what all rows share.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

/// `rows`, a multiple of 4, of `width` elements, a multiple of 16: host buffers "input" and
/// "output", and "gamma_beta": width factors, then width terms.
Design layer_norm(int rows = 64, int width = 512);

}  // namespace sotto::npu::design
