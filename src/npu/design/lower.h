// The one way from a checked design to what the array is loaded with. It decides nothing (the check
// did) and cannot fail.
#pragma once

#include "npu/design/array_program.h"
#include "npu/design/check/check.h"

namespace sotto::npu::design {

ArrayProgram lower(const CheckedDesign& checked);

}  // namespace sotto::npu::design
