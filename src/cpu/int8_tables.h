// The int8 table of each instruction set that this build has; int8_kernels_for() chooses among
// them.
#pragma once

#include "cpu/int8.h"

namespace sotto::cpu {

extern const Int8Kernels kPortableInt8Kernels;
#if defined(__x86_64__)
extern const Int8Kernels kAvx2Int8Kernels;
extern const Int8Kernels kAvxVnniInt8Kernels;
extern const Int8Kernels kAvx512Int8Kernels;
extern const Int8Kernels kAvx512VnniInt8Kernels;
#endif

}  // namespace sotto::cpu
