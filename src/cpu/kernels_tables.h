// The table of each instruction set that this build has; kernels_for() chooses among them.
#pragma once

#include "cpu/kernels.h"

namespace sotto::cpu {

extern const Kernels kPortableKernels;
#if defined(__x86_64__)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace sotto::cpu
