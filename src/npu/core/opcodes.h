// The instructions that kernels need, each with slot, operand timing and reserved units. One opcode
// stands for all element types of a mnemonic that share a row; the type is a suffix of the
// operation (vadd + ".32"). Source: llvm-aie AIE2GenFixupInstrInfo.td and AIE2GenInstrInfo.td for
// slots and operands, AIE2Schedule.td for timing and units.
//
// Timing. An instruction issued in cycle t reads an operand of cycle c in cycle t + c, and writes a
// result of cycle c at the end of cycle t + c. A read sees what was written in earlier cycles, and
// a write of its own cycle when both sides have the same bypass. Nothing waits: a read that comes
// too early sees the old value. Dependent vmac.f are thus 6 − 3 + 1 = 4 apart and dependent vmac 5
// − 3 + 1 − 1 = 2, as measured on a Phoenix.
#pragma once

#include <cstdint>
#include <span>

#include "npu/core/fixed_list.h"
#include "npu/core/registers.h"
#include "npu/core/slots.h"
#include "npu/core/units.h"

namespace sotto::npu::core {

// clang-format off
enum class Opcode : uint8_t {
  nop,
  // Loads.
  vlda, vldb, vlda_128, vldb_128, vlda_am, vlda_ups_bm, vlda_ups_cm, vlda_conv, vldb_unpack, vldb_4x,
  lda, lda_p, lda_m, lda_dn, lda_dj, lda_dc, lda_part, lda_q, lda_tm,
  // Stores.
  vst, vst_128, vst_am, vst_srs_bm, vst_srs_cm, vst_conv, vst_pack, st, st_part, st_q, st_tm,
  // Pointer additions.
  padda, paddb, padds, padda_sp, paddb_sp,
  // Products and accumulator sums.
  vmac, vmsc, vnegmac, vnegmsc, vmul, vnegmul, vmac_f, vmsc_f, vmul_f, vnegmul_f, vacc_add, vacc_sub,
  vacc_negadd, vacc_negsub, vadd_f, vsub_f, vnegadd_f, vnegsub_f, vneg, vneg_f, vclr, vclr_f, vmov_d,
  // Vector arithmetic in mv. Those ending in _8 have a mask of 64 bits.
  vadd, vsub, vband, vbor, vsel, vsel_8, vaddsub, vmax_lt, vmax_lt_8, vmin_ge, vmin_ge_8, vsub_lt,
  vsub_lt_8, vsub_ge, vsub_ge_8, vmaxdiff_lt, vmaxdiff_lt_8, vabs_gtz, vabs_gtz_8, vneg_gtz,
  vneg_gtz_8, vbneg_ltz, vbneg_ltz_8, vlt, vlt_8, vge, vge_8, veqz, veqz_8,
  // Permutations, broadcasts, elements.
  vshuffle, vshuffle_bm, vshift, vshift_align, vbcst, vbcst_64, vextbcst, vextbcst_imm, vbcstshfl,
  vbcstshfl_64, vextract, vextract_64, vinsert, vinsert_64, vpush_lo,
  vpush_lo_64, vpush_hi, vpush_hi_64,
  // Vector moves.
  vmov_w, vmov_am, vmov_am_w, vmov_w_am, vmov_x, vmov_bm, vmov_bm_x, vmov_x_bm, vmov_cm,
  // Conversions.
  vups_w_bm, vups_w_cm, vups_x_cm, vsrs_bm_w, vsrs_cm_w, vsrs_cm_x, vsrsm, vconv_fp32_bf16,
  vconv_bf16_fp32, vfloor, vfloor_am, vpack, vunpack,
  // Scalars.
  add, add_imm, sub, mul, and_, or_, xor_, lshl, ashl, lt, ltu, ge, geu, eq, ne, eqz, nez, abs, clz,
  clb, extend, sel_eqz, sel_nez, divs, movx, movx_cr, mova, mova_p, mova_m, mova_dn, mova_dj, mova_dc,
  mov_imm, mov_imm_p, mov_imm_m, mov_imm_dn, mov_imm_dj, mov_imm_dc, mov_imm_s, movxm, movxm_p,
  movxm_m, movxm_dn, movxm_dj, movxm_dc, movxm_s, movxm_ls, movxm_le, movxm_lc, mov, mov_p, mov_m,
  mov_dn, mov_dj, mov_dc, add_nc, add_nc_p, add_nc_m, add_nc_dn, add_nc_dj, add_nc_dc, add_nc_lc, mov_cr,
  // Control flow, locks, streams, cascade.
  j, jl, jnz,
  jnz_leave,  ///< jnz out of the call: behind the delay slots its second operand is read (leave.h)
  jz, j_ind, jl_ind, jnzd, ret, acq, acq_cond, rel, rel_cond, done, mov_ss, mov_ms,
  vmov_scd, vmov_mcd,
  // Families: one of several instructions, whichever has its slot free.
  vld,        ///< vldb, vlda
  padd,       ///< paddb, padds, padda
  padd_sp,    ///< paddb, padda of the stack pointer
  set,        ///< a constant into r: mova, movx, mov, movxm
  set_p, set_m, set_dn, set_dj, set_dc,
  set_s,  ///< mov, movxm
};
// clang-format on
inline constexpr int kOpcodes = static_cast<int>(Opcode::set_s) + 1;

enum class Bypass : uint8_t { none, mov, vec };

struct Timing {
  RegisterClass cls{};
  int8_t cycle = 1;
  Bypass bypass = Bypass::none;
};

enum class MemoryUse : uint8_t { none, load, store, load_store };

/// How a memory instruction or a pointer addition forms its address.
enum class AddressMode : uint8_t {
  none,
  offset,        ///< [p, #imm]
  index,         ///< [p, dj]
  increment,     ///< [p], #imm
  increment_m,   ///< [p], m
  increment_2d,  ///< [p], d
  increment_3d,  ///< [p], d of eight registers
  stack,         ///< [sp, #imm]
};
inline constexpr int kAddressModes = static_cast<int>(AddressMode::stack) + 1;

/// Constants that an instruction can hold: multiples of `scale` of `bits` bits, signed unless said
/// otherwise.
struct ImmediateRange {
  int8_t bits = 0;
  int8_t scale = 1;
  bool is_unsigned = false;
  constexpr bool holds(int64_t value) const {
    if (is_unsigned) return value % scale == 0 && value >= 0 && value / scale < int64_t{1} << bits;
    const int64_t limit = bits == 0 ? 0 : int64_t{1} << (bits - 1);
    return value % scale == 0 && value / scale >= -limit && value / scale < limit + (bits == 0);
  }
};

using Timings = FixedList<Timing, 6>;

struct OpcodeInfo {
  Opcode opcode{};
  const char* mnemonic = "";
  Slot slot{};
  FixedList<Timing, 2> defs{};  ///< without the address registers that it updates
  FixedList<Timing, 5> uses{};  ///< without the address
  FixedList<Reservation, 9> units{};
  MemoryUse memory = MemoryUse::none;
  int8_t memory_cycle = 0;     ///< of a part-word store: of its write
  ImmediateRange immediate{};  ///< of [p, #imm], or of an instruction without memory
  ImmediateRange increment{};  ///< of [p], #imm
  uint8_t modes = 1;           ///< bit set of AddressMode
};

/// The row of an instruction; not of a family.
const OpcodeInfo& info(Opcode opcode);

/// The instructions that `opcode` may become, preferred first; itself unless it is a family.
std::span<const Opcode> choices(Opcode opcode);

/// The members of the family of an instruction, which agree in timing; itself if it is in none.
std::span<const Opcode> interchangeable(Opcode opcode);

/// All operands of an instruction in order: its results, then the pointer and the counters (dc of
/// the modifier, two if it is 3-D) that a post-increment updates; its sources, then pointer and
/// index or modifier.
struct Signature {
  Timings defs, uses;
};
Signature signature(Opcode opcode, AddressMode mode);

/// Whether the instruction has this mode and can hold this constant.
bool encodable(Opcode opcode, AddressMode mode, int64_t immediate);

/// Cycles between issues so that a use sees a def; and so that a def leaves the old value to a use.
constexpr int flow_latency(Timing def, Timing use) {
  const bool bypassed = def.bypass != Bypass::none && def.bypass == use.bypass;
  return def.cycle - use.cycle + (bypassed ? 0 : 1);
}
constexpr int anti_latency(Timing use, Timing def) {
  const bool bypassed = def.bypass != Bypass::none && def.bypass == use.bypass;
  return use.cycle - def.cycle + (bypassed ? 1 : 0);
}
constexpr int output_latency(Timing first, Timing second) {
  return first.cycle - second.cycle + 1;
}

}  // namespace sotto::npu::core
