#include "cpu/int8.h"

#include "base/error.h"
#include "cpu/int8_tables.h"

namespace sotto::cpu {

const Int8Kernels& int8_kernels_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  if (isa >= Isa::avx512_vnni) return kAvx512VnniInt8Kernels;
  if (isa == Isa::avx512) return kAvx512Int8Kernels;
  if (isa == Isa::avx_vnni) return kAvxVnniInt8Kernels;
  if (isa == Isa::avx2) return kAvx2Int8Kernels;
#endif
  return kPortableInt8Kernels;
}

}  // namespace sotto::cpu
