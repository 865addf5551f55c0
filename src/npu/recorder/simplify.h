// What a compiler does to a kernel before it schedules it: constants and invariants leave their
// loops while there are registers for them, equal operations become one, dead ones none, and pairs
// of operations that the core has an instruction for become that.
#pragma once

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

void simplify(Trace& trace);

}  // namespace sotto::npu::recorder
