// The int16 kernels for portable.
#include "base/isa.h"
#include "cpu/int16_tables.h"
// The vectors and their products come before the algorithms that use them.
#include "cpu/dot_portable.h"

#include "cpu/int16_impl.h"

namespace sotto::cpu {

constinit const Int16Kernels kPortableInt16Kernels = kInt16Table;

}  // namespace sotto::cpu
