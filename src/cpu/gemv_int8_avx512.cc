// The decoder's kernels on integers in AVX-512.
#include "base/isa.h"
#include "cpu/gemv_int8_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_int8_avx512.h"

#include "cpu/gemv_int8_impl.h"

namespace sotto::cpu {

constinit const GemvInt8 kGemvInt8Avx512 = kTable;

}  // namespace sotto::cpu
