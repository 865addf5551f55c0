// Which vector instructions this process uses: detected once, or forced for tests.
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace sotto {

/// Sets of x86 vector instructions, slowest first. Each holds those before it, except that the
/// AVX-512 ones do not hold avx_vnni.
enum class Isa {
  portable,     ///< what every machine of the target has (on x86-64: SSE2)
  avx2,         ///< AVX2, FMA, F16C
  avx_vnni,     ///< avx2 and AVX-VNNI: products of bytes in 256 bits
  avx512,       ///< avx2 and AVX-512 F, BW, DQ, VL
  avx512_vnni,  ///< avx512 and AVX-512 VNNI: products of bytes and of 16-bit integers
  avx512_bf16,  ///< avx512_vnni and AVX-512 BF16: products of bfloat16
};

inline constexpr std::array kAllIsas = {Isa::portable, Isa::avx2,        Isa::avx_vnni,
                                        Isa::avx512,   Isa::avx512_vnni, Isa::avx512_bf16};

/// Whether a machine that has `isa` has `part` as well.
constexpr bool holds(Isa isa, Isa part) {
  return part == Isa::avx_vnni ? isa == part : isa >= part;
}

/// "portable", "avx2", "avx_vnni", "avx512", …, as SOTTO_ISA spells them.
std::string_view name_of(Isa isa);

/// The widest of portable, avx2 and avx512 that `isa` holds: all that arithmetic in f32 needs.
Isa float_isa(Isa isa);

/// True when the processor has `isa` and the operating system saves its registers.
bool machine_has(Isa isa);

/// For tests, at their start: machine_has(isa) is true from now on in this process, though CPUID
/// hides what the processor executes (testing_isa.h).
void assume_isa(Isa isa);

/// Those that the machine has, slowest first.
std::vector<Isa> available_isas();

/// The last of available_isas().
Isa detect_isa();

/// The one to use: what the environment variable SOTTO_ISA names, else detect_isa(). Throws
/// Error{usage} for a name that does not exist and Error{unsupported} for what this machine lacks;
/// both list the possible ones.
Isa active_isa();

}  // namespace sotto
