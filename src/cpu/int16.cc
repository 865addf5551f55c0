#include "cpu/int16.h"

#include "base/error.h"
#include "cpu/int16_tables.h"

namespace sotto::cpu {

const Int16Kernels& int16_kernels_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  if (isa >= Isa::avx512_vnni) return kAvx512VnniInt16Kernels;
  if (isa == Isa::avx512) return kAvx512Int16Kernels;
  if (isa == Isa::avx_vnni) return kAvxVnniInt16Kernels;
  if (isa == Isa::avx2) return kAvx2Int16Kernels;
#endif
  return kPortableInt16Kernels;
}

}  // namespace sotto::cpu
