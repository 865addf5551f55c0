// Where everything of a design has come to stand, as tables.
#pragma once

#include <string>

#include "npu/design/check/check.h"

namespace sotto::apps {

/// What each tile uses and has left: memory, program, stack, DMA, locks, streams.
std::string describe_plan(const std::string& name, const npu::design::CheckedDesign& checked);

}  // namespace sotto::apps
