// The part of AMD's AIE API that kernels for the AIE2 core use, for the host: the same source
// compiles with Peano for the NPU and with this for x86, and gives the same bits.
// The state of the core (rounding, saturation, MAC model, ports) is that of
// sotto::npu::host::core(), see core_state.h. Semantics follow aie_api (github.com/Xilinx/aie_api)
// and the intrinsics of Peano (github.com/Xilinx/llvm-aie); where a register decides, it decides
// here.
#pragma once

// AMD's header brings these along, and kernels rely on it.
#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tuple>
#include <utility>

#include "accum.hpp"
#include "accumulate.hpp"
#include "compare.hpp"
#include "convert.hpp"
#include "core.hpp"
#include "elementwise.hpp"
#include "int4.hpp"
#include "intrinsics.hpp"
#include "lookup.hpp"
#include "mask.hpp"
#include "math.hpp"
#include "memory.hpp"
#include "mmul.hpp"
#include "multiply.hpp"
#include "permute.hpp"
#include "reduce.hpp"
#include "rings.hpp"
#include "shuffle.hpp"
#include "sliding_mul.hpp"
#include "sparse.hpp"
#include "streams.hpp"
#include "types.hpp"
#include "vector.hpp"
