// Softmax of rows on 16 cores, a row at a time on each.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

/// `rows`, a multiple of 16, of `width` elements, an even number: host buffer "input" to "output".
/// 1,500 are the keys of a Whisper encoder's head.
Design softmax(int rows = 1504, int width = 1500);

}  // namespace sotto::npu::design
