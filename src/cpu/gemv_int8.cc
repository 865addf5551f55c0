#include "cpu/gemv_int8.h"

#include "base/error.h"
#include "cpu/gemv_int8_tables.h"

namespace sotto::cpu {

const GemvInt8& gemv_int8_for(Isa isa) {
  SOTTO_CHECK(machine_has(isa));
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return kGemvInt8Avx2;
    case Isa::avx_vnni:
      return kGemvInt8AvxVnni;
    case Isa::avx512:
      return kGemvInt8Avx512;
    case Isa::avx512_vnni:
    case Isa::avx512_bf16:
      return kGemvInt8Avx512Vnni;
#endif
    default:
      return kGemvInt8Portable;
  }
}

}  // namespace sotto::cpu
