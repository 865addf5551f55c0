// The kernels in the compiler's own vectors.
#include "base/isa.h"
#include "cpu/kernels_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_portable.h"

#include "cpu/kernels_impl.h"

namespace sotto::cpu {

constinit const Kernels kPortableKernels = kTable;

}  // namespace sotto::cpu
