// The decoder's kernels on integers in AVX-VNNI.
#include "base/isa.h"
#include "cpu/gemv_int8_tables.h"
// The vectors come before the algorithms that use them.
#include "cpu/simd_int8_avx_vnni.h"

#include "cpu/gemv_int8_impl.h"

namespace sotto::cpu {

constinit const GemvInt8 kGemvInt8AvxVnni = kTable;

}  // namespace sotto::cpu
