// Values in registers of the classes that their instructions take.
#pragma once

#include "npu/recorder/trace.h"

namespace sotto::npu::recorder {

/// Joins become moves or, where a part can be made in its place, nothing; 256-bit values that
/// instructions on 512 bits read come to stand in lower halves; scalars that only some registers
/// can hold get them. Afterwards every use is of a register (or part) that it can name.
void place(Trace& trace);

}  // namespace sotto::npu::recorder
