// The smallest design: data from the host through one core and back.
#pragma once

#include "npu/design/design.h"

namespace sotto::npu::design {

/// `words` in objects of 1,024: host buffer "input" to host buffer "output".
Design passthrough(int words = 4096);

}  // namespace sotto::npu::design
