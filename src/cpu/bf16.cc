#include "cpu/bf16.h"

#include "base/error.h"

namespace sotto::cpu {

#if defined(__x86_64__)
extern const Bf16Kernels kAvx512Bf16Kernels;
#endif

const Bf16Kernels* bf16_kernels_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
#if defined(__x86_64__)
  if (isa == Isa::avx512_bf16) return &kAvx512Bf16Kernels;
#endif
  return nullptr;
}

}  // namespace sotto::cpu
