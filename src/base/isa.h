// Which vector instructions this process uses: detected once, or forced for tests.
#pragma once

#include <string_view>

namespace sotto {

/// Levels of x86 vector instructions, each with those before it.
enum class Isa {
  portable,  ///< what every machine of the target has (on x86-64: SSE2)
  avx2,      ///< AVX2, FMA, F16C
  avx512,    ///< AVX-512 F, BW, DQ, VL
};

/// "portable", "avx2" or "avx512", as SOTTO_ISA spells them.
std::string_view name_of(Isa isa);

/// The best level that the processor has and the operating system saves on a context switch.
Isa detect_isa();

/// The level to use: the one that the environment variable SOTTO_ISA names, else detect_isa().
/// Throws Error{usage} for a name that does not exist and Error{unsupported} for a level that this
/// machine lacks; both list the possible ones.
Isa active_isa();

}  // namespace sotto
