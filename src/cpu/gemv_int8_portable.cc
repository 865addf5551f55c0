// The decoder's kernels on integers in the vector extension that GCC and clang share.
#include "base/isa.h"
#include "cpu/gemv_int8_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_int8_portable.h"

#include "cpu/gemv_int8_impl.h"

namespace sotto::cpu {

constinit const GemvInt8 kGemvInt8Portable = kTable;

}  // namespace sotto::cpu
