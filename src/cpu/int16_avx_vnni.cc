// The int16 kernels for avx_vnni.
#include "base/isa.h"
#include "cpu/int16_tables.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx_vnni.h"

#include "cpu/int16_impl.h"

namespace sotto::cpu {

constinit const Int16Kernels kAvxVnniInt16Kernels = kInt16Table;

}  // namespace sotto::cpu
