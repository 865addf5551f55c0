// The register files. Every register is a run of units, so aliasing is overlap of runs: x3 is wl3
// and wh3, cm2 is bml2 and bmh2 is four 256-bit quarters, d1 is m1, dn1, dj1 and dc1. Source:
// llvm-aie AIE2GenRegisterInfo.td.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::npu::core {

enum class RegisterClass : uint8_t {
  r,       ///< 32-bit scalars r0–r31
  r16_19,  ///< the part of r that indexes vextract
  r16_23,  ///< the part of r that masks 16- and 32-bit lanes
  r26,
  r27,  ///< the condition of sel
  r28,
  r29,  ///< the index of vinsert
  r31,
  l,      ///< pairs r17:r16 … r31:r30, masks of 8-bit lanes
  p,      ///< 20-bit pointers
  m,      ///< pointer increments
  dn,     ///< sizes of the inner dimension
  dj,     ///< indices, and strides of 2-D addressing
  dc,     ///< counters
  d,      ///< m, dn, dj, dc of one index: a 2-D modifier
  d3,     ///< d0 and d4 … d3 and d7: a 3-D modifier
  s,      ///< shifts
  w,      ///< 256-bit vectors
  x,      ///< 512-bit vectors
  y,      ///< 1024-bit vectors, the wide operand of sparse products
  am,     ///< 256-bit accumulators
  bm,     ///< 512-bit accumulators
  bm0_7,  ///< the part of bm that shuffles can write
  cm,     ///< 1024-bit accumulators
  q,      ///< masks of sparse products
  cr,     ///< control: rounding, saturation, …
  lc,
  ls,
  le,
  sp,
  lr,
  any_scalar,  ///< operands only: any of r, p, m, dn, dj, dc, s, cr, lc, ls, le, sp, lr
  stored,      ///< operands only: those of them that a store takes, r, p, m, dn, dj, dc, lr
};
inline constexpr int kRegisterClasses = static_cast<int>(RegisterClass::stored) + 1;

struct RegisterFile {
  RegisterClass cls;
  const char* name;
  int first;   ///< unit of register 0
  int units;   ///< of one register
  int stride;  ///< from one register to the next
  int count;
};

const RegisterFile& register_file(RegisterClass cls);

/// Units of the whole machine.
int register_units();

struct Register {
  RegisterClass cls = RegisterClass::r;
  uint8_t index = 0;

  int first_unit() const;
  int units() const;
  bool overlaps(Register other) const;
  friend auto operator<=>(const Register&, const Register&) = default;
};

/// Whether an operand of class `cls` can name `reg`: r27 is in r and in r27.
bool accepts(RegisterClass cls, Register reg);
/// Whether every register of `narrow` is one of `wide`.
bool accepts(RegisterClass wide, RegisterClass narrow);

/// Whether a function must leave the register as it found it: r16 to r23, p6, p7 and the stack
/// pointer (llvm-aie AIE2CallingConv.td; lr too, which only a call changes).
bool is_callee_saved(Register reg);

/// As assembly writes it: "r3", "r17:r16", "wl5", "bmh2", "dj4".
std::string register_name(Register reg);
std::optional<Register> parse_register(std::string_view name);

}  // namespace sotto::npu::core
