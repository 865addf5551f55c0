// The int16 table of each instruction set that this build has; int16_kernels_for() chooses among
// them.
#pragma once

#include "cpu/int16.h"

namespace sotto::cpu {

extern const Int16Kernels kPortableInt16Kernels;
#if defined(__x86_64__)
extern const Int16Kernels kAvx2Int16Kernels;
extern const Int16Kernels kAvxVnniInt16Kernels;
extern const Int16Kernels kAvx512Int16Kernels;
extern const Int16Kernels kAvx512VnniInt16Kernels;
#endif

}  // namespace sotto::cpu
