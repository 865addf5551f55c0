#include "cpu/kernels.h"

#include "base/error.h"
#include "cpu/kernels_tables.h"

namespace sotto::cpu {

const Kernels& kernels_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  if (float_isa(isa) == Isa::avx512) return kAvx512Kernels;
  if (float_isa(isa) == Isa::avx2) return kAvx2Kernels;
#endif
  return kPortableKernels;
}

}  // namespace sotto::cpu
