// The code of a call for people: its hottest loop as a table, and all of it as assembly.
#pragma once

#include <string>

#include "npu/cycles/cost.h"

namespace sotto::npu::cycles {

/// What the loop that takes most of the call is, what binds it, and a row for each of its cycles
/// with a column per slot. Without a loop: all of the code.
std::string explain(const recorder::Kernel& kernel, const Compiled& compiled,
                    const KernelCost& cost);

/// All of the code as assembly that Peano takes, behind comments that say what it expects. Plain
/// twins of guarded loops, which the call does not run, are not in it.
std::string assembly(const recorder::Kernel& kernel, const Compiled& compiled);

}  // namespace sotto::npu::cycles
