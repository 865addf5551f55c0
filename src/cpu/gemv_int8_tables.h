// The tables of gemv_int8.h, one for each instruction set.
#pragma once

#include "cpu/gemv_int8.h"

namespace sotto::cpu {

extern const GemvInt8 kGemvInt8Portable;
extern const GemvInt8 kGemvInt8Avx2;
extern const GemvInt8 kGemvInt8AvxVnni;
extern const GemvInt8 kGemvInt8Avx512;
extern const GemvInt8 kGemvInt8Avx512Vnni;

}  // namespace sotto::cpu
