// bfloat16 as the AIE2 core knows it: the upper half of a float32, and how a float32 is narrowed.
//
// The rules are those of the silicon. xdna-emu (tests/vector-verify/vec_conv_bf16*) has captured 96
// float32 patterns on a Phoenix NPU, subnormals, infinities and NaN among them, and compared 448
// more, in each of the ten rounding modes; this code gives them all.
//  - A finite number, subnormal or not, is rounded as crRnd says; carries run into the exponent,
//    so that the largest numbers may become infinite. Nothing is flushed to zero, in neither
//    direction.
//  - Infinity stays. NaN is cut off and never rounded; where that would leave no fraction bit, the
//    lowest is set.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

#include "npu/kernels/host/core_state.h"

namespace sotto::npu::host {

/// Whether a magnitude whose kept part ends in the bit `odd` and that loses the bits `lost`, of
/// which `half` would be the tie, grows by one in its last place.
constexpr bool rounds_up(Rounding rounding, bool negative, bool odd, std::uint64_t lost,
                         std::uint64_t half) {
  const bool tie = lost == half;
  switch (rounding) {
    case Rounding::floor:
      return lost != 0 && negative;
    case Rounding::ceil:
      return lost != 0 && !negative;
    case Rounding::symmetric_floor:
      return false;
    case Rounding::symmetric_ceil:
      return lost != 0;
    case Rounding::negative_inf:
      return lost > half || (tie && negative);
    case Rounding::positive_inf:
      return lost > half || (tie && !negative);
    case Rounding::symmetric_zero:
      return lost > half;
    case Rounding::symmetric_inf:
      return lost >= half;
    case Rounding::conv_even:
      return lost > half || (tie && odd);
    case Rounding::conv_odd:
      return lost > half || (tie && !odd);
  }
  return false;
}

/// float32 to the bits of a bfloat16.
constexpr std::uint16_t narrow_to_bf16(float value, Rounding rounding) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t kept = bits >> 16, lost = bits & 0xFFFFu;
  if ((bits & 0x7F800000u) == 0x7F800000u) {
    const bool loses_nan = (bits & 0x7FFFFFu) != 0 && (kept & 0x7Fu) == 0;
    return static_cast<std::uint16_t>(kept | (loses_nan ? 1u : 0u));
  }
  const bool up = rounds_up(rounding, (bits >> 31) != 0, (kept & 1u) != 0, lost, 0x8000u);
  return static_cast<std::uint16_t>(kept + (up ? 1u : 0u));
}

/// The bits of a bfloat16 to float32; exact.
constexpr float widen_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

}  // namespace sotto::npu::host

/// The device compilers' scalar type, in the global namespace as theirs is. It calculates as float.
class bfloat16 {
 public:
  bfloat16() = default;
  /// At run time rounds as the core's register says, like the instruction. A constant expression is
  /// rounded to nearest, ties to even, like the compiler's: declare constants constexpr.
  constexpr bfloat16(float value)
      : bits_(sotto::npu::host::narrow_to_bf16(value, std::is_constant_evaluated()
                                                          ? sotto::npu::host::Rounding::conv_even
                                                          : sotto::npu::host::core().rounding)) {}
  constexpr operator float() const { return sotto::npu::host::widen_bf16(bits_); }

  static constexpr bfloat16 from_bits(std::uint16_t bits) {
    bfloat16 value;
    value.bits_ = bits;
    return value;
  }
  constexpr std::uint16_t bits() const { return bits_; }

 private:
  std::uint16_t bits_;
};
static_assert(sizeof(bfloat16) == 2 && std::is_trivial_v<bfloat16>);
