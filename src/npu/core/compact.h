// Packs the code between loops anew, when all pieces have their registers and stand one behind the
// other: instructions of different pieces, of the drain of one loop and of the ramp of the next go
// side by side, each as early as its operands, its place in memory and the slots allow.
#pragma once

#include "npu/core/image.h"

namespace sotto::npu::core {

/// Takes bundles out, never adds one.
void compact(Image& image);

}  // namespace sotto::npu::core
