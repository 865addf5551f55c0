// The kernels in AVX-512.
#include "base/isa.h"
#include "cpu/kernels_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_avx512.h"

#include "cpu/kernels_impl.h"

namespace sotto::cpu {

constinit const Kernels kAvx512Kernels = kTable;

}  // namespace sotto::cpu
