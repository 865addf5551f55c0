// The kernels in AVX2 and FMA.
#include "base/isa.h"
#include "cpu/kernels_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_avx2.h"

#include "cpu/kernels_impl.h"

namespace sotto::cpu {

constinit const Kernels kAvx2Kernels = kTable;

}  // namespace sotto::cpu
