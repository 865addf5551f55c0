// The int16 kernels for avx512.
#include "base/isa.h"
#include "cpu/int16_tables.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx512.h"

#include "cpu/int16_impl.h"

namespace sotto::cpu {

constinit const Int16Kernels kAvx512Int16Kernels = kInt16Table;

}  // namespace sotto::cpu
