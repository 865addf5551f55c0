// Instructions that do the work of two.
#pragma once

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

/// Loads and stores with the move or conversion beside them, products that begin with zeros, lanes
/// that are broadcast. What became useless stays, for drop_dead of simplify.cc.
void fuse(Trace& trace);

}  // namespace sotto::npu::recorder
