// AMD's AIE API, declared and not defined: every operation of the core is a function that exists
// nowhere. So the undefined symbols of a kernel that is compiled against this header, for a
// processor without floating point, are what it asks of the core and what the compiler has to
// emulate.
//
// Every public operation of the host API (../../../host/include) is here, grouped as there and in
// AMD's documentation (xilinx.github.io/aie_api); the test npu_kernels_declared_operations keeps
// the two together. Print (aie_api/utils.hpp), which no kernel for the core may call, is not.
#pragma once

#include "compare.hpp"
#include "core.hpp"
#include "elementwise.hpp"
#include "intrinsics.hpp"
#include "lookup.hpp"
#include "mask.hpp"
#include "math.hpp"
#include "memory.hpp"
#include "mmul.hpp"
#include "multiply.hpp"
#include "operands.hpp"
#include "permute.hpp"
#include "registers.hpp"
#include "types.hpp"

#undef SOTTO_UNARY
#undef SOTTO_BINARY_TO
#undef SOTTO_VECTOR
#undef SOTTO_BINARY
#undef SOTTO_COMPARE
#undef SOTTO_REDUCE
#undef SOTTO_ACCUMULATE
#undef SOTTO_MULTIPLY
#undef SOTTO_MULTIPLY_ADD
#undef SOTTO_SHUFFLE
#undef SOTTO_SHUFFLE_FILL
