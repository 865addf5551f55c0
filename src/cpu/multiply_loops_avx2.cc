// The loops of multiply_loops.h for avx2.
#include "cpu/multiply_loops_tables.h"
// The vectors and their products come before the loops that use them.
#include "cpu/dot_avx2.h"

#include "cpu/multiply_loops_impl.h"

namespace sotto::cpu {

constinit const MultiplyLoops kAvx2MultiplyLoops = kMultiplyLoops;

}  // namespace sotto::cpu
