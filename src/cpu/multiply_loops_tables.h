// The loops of each instruction set that this build has; multiply_loops_for() chooses among them.
#pragma once

#include "cpu/multiply_loops.h"

namespace sotto::cpu {

extern const MultiplyLoops kPortableMultiplyLoops;
#if defined(__x86_64__)
extern const MultiplyLoops kAvx2MultiplyLoops;
extern const MultiplyLoops kAvxVnniMultiplyLoops;
extern const MultiplyLoops kAvx512MultiplyLoops;
extern const MultiplyLoops kAvx512VnniMultiplyLoops;
extern const MultiplyLoops kAvx512Bf16MultiplyLoops;
#endif

}  // namespace sotto::cpu
