// The program of a core with its addresses and lock numbers; a part of lower().
#pragma once

#include "npu/design/array_program.h"
#include "npu/design/check/plan.h"

namespace sotto::npu::design {

ProgramCore lower_core(const Design& design, const Plan& plan, const Core& core);

}  // namespace sotto::npu::design
