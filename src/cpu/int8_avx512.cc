// The int8 kernels for avx512.
#include "base/isa.h"
#include "cpu/int8_tables.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx512.h"

#include "cpu/int8_attention_impl.h"

namespace sotto::cpu {

constinit const Int8Kernels kAvx512Int8Kernels = kInt8Table;

}  // namespace sotto::cpu
