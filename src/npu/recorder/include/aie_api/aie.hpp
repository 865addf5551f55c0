// The AIE API for recording: kernels that are compiled against this header instead of AMD's (or the
// host's, npu/kernels/host/include) compute the host's bits, and write down which instructions of
// the core they would run (table.hpp) with the loops that these stand in (loops.hpp). It has the
// operations that our kernels use; another one does not compile.
//
// Everything is in namespace recorded_aie, which the kernels call aie, so that no symbol of theirs
// is that of a plain kernel.
#pragma once

#include "arithmetic.hpp"
#include "loops.hpp"
#include "memory.hpp"
#include "mmul.hpp"
#include "permute.hpp"
#include "registers.hpp"
#include "scalars.hpp"
#include "table.hpp"
#if defined(SOTTO_CHECKS_LOOPS)
#include "loop_check.hpp"
#endif

namespace aie = recorded_aie;

/// What npu/kernels/blocks.h calls Scalar.
#define SOTTO_RECORDED_SCALAR ::sotto::npu::recorder::Recorded<int>
