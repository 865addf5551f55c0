// Constants that are set as late as can be, so that no register holds them where nobody reads them.
#pragma once

#include <vector>

#include "npu/cycles/flow.h"

namespace sotto::npu::cycles {

/// Moves what sets constants into the straight code that is the last before they are read, past the
/// beginnings of outer loops that the call runs once: there it is woven under other work. The steps
/// know what they read and write, but no longer what is alive between them.
void sink_constants(std::vector<Step>& steps);

}  // namespace sotto::npu::cycles
