// The decoder's kernels on integers in AVX2.
#include "base/isa.h"
#include "cpu/gemv_int8_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_int8_avx2.h"

#include "cpu/gemv_int8_impl.h"

namespace sotto::cpu {

constinit const GemvInt8 kGemvInt8Avx2 = kTable;

}  // namespace sotto::cpu
