// The loops of multiply_loops.h for machines of every kind.
#include "cpu/multiply_loops_tables.h"
// The vectors and their products come before the loops that use them.
#include "cpu/dot_portable.h"

#include "cpu/multiply_loops_impl.h"

namespace sotto::cpu {

constinit const MultiplyLoops kPortableMultiplyLoops = kMultiplyLoops;

}  // namespace sotto::cpu
