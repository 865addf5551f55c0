// The int8 kernels for avx_vnni.
#include "base/isa.h"
#include "cpu/int8_tables.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_avx_vnni.h"

#include "cpu/int8_attention_impl.h"

namespace sotto::cpu {

constinit const Int8Kernels kAvxVnniInt8Kernels = kInt8Table;

}  // namespace sotto::cpu
