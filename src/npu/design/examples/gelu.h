// GELU on 16 cores, a row at a time on each.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

/// `rows`, a multiple of 16, of `width` elements, an even number: host buffer "input" to "output".
/// 2,048 are the hidden units of whisper-base.
Design gelu(int rows = 1504, int width = 2048);

}  // namespace sotto::npu::design
