#include "cpu/kernels.h"

#include "base/error.h"
#include "cpu/kernels_tables.h"

namespace sotto::cpu {

const Kernels& kernels_for(Isa isa) {
  SOTTO_CHECK(isa <= detect_isa());
#if defined(__x86_64__)
  if (isa == Isa::avx512) return kAvx512Kernels;
  if (isa == Isa::avx2) return kAvx2Kernels;
#endif
  return kPortableKernels;
}

}  // namespace sotto::cpu
