// A design that is wrong, kept as it was found: the layout of a Whisper encoder layer that its
// authors believed to be complete (the earlier attempt that docs/npu tells of). Nine cores are
// drawn and three have a program; five FIFOs have nobody who fills them. It compiled and could only
// hang.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

Design seed_layer();

}  // namespace sotto::npu::design
