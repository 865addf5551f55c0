// One order for what a kernel recorded. C++ leaves the order in which arguments are computed to the
// compiler, so two compilers record a kernel's operations in two orders; what code the kernel
// becomes must not depend on that.
#pragma once

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

/// Puts the steps of every list into the order in which their results are wanted: what has effects
/// and products that are added to a sum in place stay in the order of the program, loops too, and
/// before each comes, operand by operand, what it needs. Values are numbered anew, in that order.
/// Steps whose results nobody wants are dropped.
void bring_into_canonical_order(Trace& trace);

}  // namespace sotto::npu::recorder
