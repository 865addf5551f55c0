// The loops of multiply_loops.h for avx_vnni.
#include "cpu/multiply_loops_tables.h"
// The vectors and their products come before the loops that use them.
#include "cpu/dot_avx_vnni.h"

#include "cpu/multiply_loops_impl.h"

namespace sotto::cpu {

constinit const MultiplyLoops kAvxVnniMultiplyLoops = kMultiplyLoops;

}  // namespace sotto::cpu
