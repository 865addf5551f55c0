// Products, accumulator sums, vector arithmetic, permutations, moves and conversions.
#include "npu/core/opcode_rows.h"

namespace sotto::npu::core::rows {
namespace {

// The vec slot. Integer products and sums bypass each other, float ones do not.
constexpr OpcodeInfo int_mac(Opcode opcode, const char* name) {
  return {opcode,
          name,
          kVec,
          {atv(cm, 5)},
          {atv(cm, 3), at(x, 1), at(x, 1), at(r, 1)},
          {busy(U::r_read_v, 0), busy(U::cm_write_a, 4)}};
}
constexpr OpcodeInfo int_mul(Opcode opcode, const char* name) {
  return {opcode,
          name,
          kVec,
          {atv(cm, 5)},
          {at(x, 1), at(x, 1), at(r, 1)},
          {busy(U::r_read_v, 0), busy(U::cm_write_a, 4)}};
}
constexpr OpcodeInfo int_sum(Opcode opcode, const char* name) {
  return {opcode,
          name,
          kVec,
          {atv(cm, 5)},
          {atv(cm, 3), atv(cm, 3), at(r, 1)},
          {busy(U::r_read_v, 0), busy(U::cm_read_m, 2), busy(U::cm_write_a, 4)}};
}
constexpr OpcodeInfo float_mac(Opcode opcode, const char* name) {
  return {opcode,
          name,
          kVec,
          {at(bm, 6)},
          {at(bm, 3), at(x, 1), at(x, 1), at(r, 1)},
          {busy(U::r_read_v, 0), busy(U::cm_write_a, 5)}};
}
constexpr OpcodeInfo float_mul(Opcode opcode, const char* name) {
  return {opcode,
          name,
          kVec,
          {at(bm, 6)},
          {at(x, 1), at(x, 1), at(r, 1)},
          {busy(U::r_read_v, 0), busy(U::cm_write_a, 5)}};
}
constexpr OpcodeInfo float_sum(Opcode opcode, const char* name) {
  return {opcode,
          name,
          kVec,
          {at(bm, 6)},
          {at(bm, 3), at(bm, 3), at(r, 1)},
          {busy(U::r_read_v, 0), busy(U::cm_read_m, 2), busy(U::cm_write_a, 5)}};
}

// The mv slot: x ← x, x and what else is read.
constexpr Reservation kWritesX = busy(U::w_write_m, 1);
constexpr Reservation kWritesMask = busy(U::rs_write_m, 1);
constexpr OpcodeInfo lanes(Opcode opcode, const char* name) {
  return {opcode, name, kMv, {atb(x, 2)}, {atb(x, 1), atb(x, 1)}, {kWritesX}};
}
constexpr OpcodeInfo lanes_by(Opcode opcode, const char* name, RegisterClass third) {
  return {opcode, name, kMv, {atb(x, 2)}, {atb(x, 1), atb(x, 1), at(third, 1)}, {kWritesX}};
}
constexpr OpcodeInfo lanes_and_mask(Opcode opcode, const char* name, RegisterClass mask) {
  return {
      opcode, name, kMv, {atb(x, 2), at(mask, 2)}, {atb(x, 1), atb(x, 1)}, {kWritesX, kWritesMask}};
}
constexpr OpcodeInfo lane_and_mask(Opcode opcode, const char* name, RegisterClass mask) {
  return {opcode, name, kMv, {atb(x, 2), at(mask, 2)}, {atb(x, 1)}, {kWritesX, kWritesMask}};
}
constexpr OpcodeInfo compare(Opcode opcode, const char* name, RegisterClass mask) {
  return {opcode, name, kMv, {at(mask, 2)}, {atb(x, 1), atb(x, 1)}, {kWritesMask}};
}

constexpr OpcodeInfo kRows[] = {
    int_mac(O::vmac, "vmac"),
    int_mac(O::vmsc, "vmsc"),
    int_mac(O::vnegmac, "vnegmac"),
    int_mac(O::vnegmsc, "vnegmsc"),
    int_mul(O::vmul, "vmul"),
    int_mul(O::vnegmul, "vnegmul"),
    float_mac(O::vmac_f, "vmac.f"),
    float_mac(O::vmsc_f, "vmsc.f"),
    float_mul(O::vmul_f, "vmul.f"),
    float_mul(O::vnegmul_f, "vnegmul.f"),
    int_sum(O::vacc_add, "vadd"),
    int_sum(O::vacc_sub, "vsub"),
    int_sum(O::vacc_negadd, "vnegadd"),
    int_sum(O::vacc_negsub, "vnegsub"),
    float_sum(O::vadd_f, "vadd.f"),
    float_sum(O::vsub_f, "vsub.f"),
    float_sum(O::vnegadd_f, "vnegadd.f"),
    float_sum(O::vnegsub_f, "vnegsub.f"),
    {O::vneg,
     "vneg",
     kVec,
     {atv(cm, 5)},
     {atv(cm, 3), at(r, 1)},
     {busy(U::r_read_v, 0), busy(U::cm_write_a, 4)}},
    {O::vneg_f,
     "vneg.f",
     kVec,
     {at(bm, 6)},
     {at(bm, 3), at(r, 1)},
     {busy(U::r_read_v, 0), busy(U::cm_write_a, 5)}},
    {O::vclr, "vclr", kVec, {atv(cm, 5)}, {}, {busy(U::cm_write_a, 4)}},
    {O::vclr_f, "vclr", kVec, {at(bm, 6)}, {}, {busy(U::cm_write_a, 5)}},
    {O::vmov_d, "vmov.d", kVec, {atv(cm, 5)}, {at(cm, 3)}, {busy(U::cm_write_a, 4)}},

    lanes(O::vadd, "vadd"),
    lanes(O::vsub, "vsub"),
    lanes(O::vband, "vband"),
    lanes(O::vbor, "vbor"),
    lanes_by(O::vsel, "vsel", r16_23),
    lanes_by(O::vsel_8, "vsel", l),
    lanes_by(O::vaddsub, "vaddsub", r16_23),
    lanes_and_mask(O::vmax_lt, "vmax_lt", r16_23),
    lanes_and_mask(O::vmax_lt_8, "vmax_lt", l),
    lanes_and_mask(O::vmin_ge, "vmin_ge", r16_23),
    lanes_and_mask(O::vmin_ge_8, "vmin_ge", l),
    lanes_and_mask(O::vsub_lt, "vsub_lt", r16_23),
    lanes_and_mask(O::vsub_lt_8, "vsub_lt", l),
    lanes_and_mask(O::vsub_ge, "vsub_ge", r16_23),
    lanes_and_mask(O::vsub_ge_8, "vsub_ge", l),
    lanes_and_mask(O::vmaxdiff_lt, "vmaxdiff_lt", r16_23),
    lanes_and_mask(O::vmaxdiff_lt_8, "vmaxdiff_lt", l),
    lane_and_mask(O::vabs_gtz, "vabs_gtz", r16_23),
    lane_and_mask(O::vabs_gtz_8, "vabs_gtz", l),
    lane_and_mask(O::vneg_gtz, "vneg_gtz", r16_23),
    lane_and_mask(O::vneg_gtz_8, "vneg_gtz", l),
    lane_and_mask(O::vbneg_ltz, "vbneg_ltz", r16_23),
    lane_and_mask(O::vbneg_ltz_8, "vbneg_ltz", l),
    compare(O::vlt, "vlt", r16_23),
    compare(O::vlt_8, "vlt", l),
    compare(O::vge, "vge", r16_23),
    compare(O::vge_8, "vge", l),
    {O::veqz, "veqz", kMv, {at(r16_23, 2)}, {atb(x, 1)}, {kWritesMask}},
    {O::veqz_8, "veqz", kMv, {at(l, 2)}, {atb(x, 1)}, {kWritesMask}},

    // A shuffle may write an accumulator, so it keeps both write ports.
    {O::vshuffle,
     "vshuffle",
     kMv,
     {atb(x, 2)},
     {atb(x, 1), atb(x, 1), at(r, 1)},
     {kWritesX, busy(U::cm_write_m, 1)}},
    {O::vshuffle_bm,
     "vshuffle",
     kMv,
     {at(bm0_7, 2)},
     {atb(x, 1), atb(x, 1), at(r, 1)},
     {kWritesX, busy(U::cm_write_m, 1)}},
    lanes_by(O::vshift, "vshift", r),
    {O::vshift_align,
     "vshift.align",
     kMv,
     {atb(x, 2)},
     {atb(x, 1), at(s, 1), atb(x, 1), at(r, 1)},
     {kWritesX}},
    {O::vbcst, "vbcst", kMv, {atb(x, 2)}, {at(r, 1)}, {kWritesX}},
    {O::vbcst_64, "vbcst", kMv, {atb(x, 2)}, {at(l, 1)}, {kWritesX}},
    {O::vextbcst, "vextbcst", kMv, {atb(x, 2)}, {atb(x, 1), at(r, 1)}, {kWritesX}},
    {O::vextbcst_imm,
     "vextbcst",
     kMv,
     {atb(x, 2)},
     {atb(x, 1)},
     {kWritesX},
     MemoryUse::none,
     0,
     {5, 1, true}},
    {O::vbcstshfl,
     "vbcstshfl",
     kMv,
     {atb(x, 2)},
     {at(r, 1), at(r29, 1)},
     {kWritesX, busy(U::cm_write_m, 1)}},
    {O::vbcstshfl_64,
     "vbcstshfl",
     kMv,
     {atb(x, 2)},
     {at(l, 1), at(r29, 1)},
     {kWritesX, busy(U::cm_write_m, 1)}},
    {O::vextract, "vextract", kMv, {at(r, 2)}, {atb(x, 1), at(r16_19, 1)}, {kWritesMask}},
    {O::vextract_64, "vextract", kMv, {at(l, 2)}, {atb(x, 1), at(r16_19, 1)}, {kWritesMask}},
    {O::vinsert, "vinsert", kMv, {atb(x, 2)}, {atb(x, 1), at(r29, 1), at(r, 1)}, {kWritesX}},
    {O::vinsert_64, "vinsert", kMv, {atb(x, 2)}, {atb(x, 1), at(r29, 1), at(l, 1)}, {kWritesX}},
    {O::vpush_lo, "vpush.lo", kMv, {atb(x, 2)}, {at(r, 1), atb(x, 1)}, {kWritesX}},
    {O::vpush_lo_64, "vpush.lo", kMv, {atb(x, 2)}, {at(l, 1), atb(x, 1)}, {kWritesX}},
    {O::vpush_hi, "vpush.hi", kMv, {atb(x, 2)}, {atb(x, 1), at(r, 1)}, {kWritesX}},
    {O::vpush_hi_64, "vpush.hi", kMv, {atb(x, 2)}, {atb(x, 1), at(l, 1)}, {kWritesX}},

    // Only the lower half of x has the bypass; a 256-bit move is taken without.
    {O::vmov_w, "vmov", kMv, {at(w, 2)}, {at(w, 1)}, {kWritesX}},
    {O::vmov_am,
     "vmov",
     kMv,
     {at(am, 2)},
     {at(am, 1)},
     {busy(U::cm_read_m, 0), busy(U::cm_write_m, 1)}},
    {O::vmov_am_w, "vmov", kMv, {at(am, 2)}, {at(w, 1)}, {busy(U::cm_write_m, 1)}},
    {O::vmov_w_am, "vmov", kMv, {at(w, 2)}, {at(am, 1)}, {busy(U::cm_read_m, 0), kWritesX}},
    {O::vmov_x, "vmov", kMv, {atb(x, 2)}, {atb(x, 1)}, {kWritesX}},
    {O::vmov_bm,
     "vmov",
     kMv,
     {at(bm, 2)},
     {at(bm, 1)},
     {busy(U::cm_read_m, 0), busy(U::cm_write_m, 1)}},
    {O::vmov_bm_x, "vmov", kMv, {at(bm, 2)}, {atb(x, 1)}, {busy(U::cm_write_m, 1)}},
    {O::vmov_x_bm, "vmov", kMv, {atb(x, 2)}, {at(bm, 1)}, {busy(U::cm_read_m, 0), kWritesX}},
    {O::vmov_cm,
     "vmov",
     kMv,
     {at(cm, 2)},
     {at(cm, 1)},
     {busy(U::cm_read_m, 0), busy(U::cm_write_m, 1)}},

    {O::vups_w_bm,
     "vups",
     kMv,
     {at(bm, 3)},
     {at(w, 1), at(s, 1)},
     {busy(U::ups, 0), busy(U::cm_write_m, 2)}},
    {O::vups_w_cm,
     "vups",
     kMv,
     {at(cm, 3)},
     {at(w, 1), at(s, 1)},
     {busy(U::ups, 0), busy(U::cm_write_m, 2)}},
    {O::vups_x_cm,
     "vups",
     kMv,
     {at(cm, 3)},
     {at(x, 1), at(s, 1)},
     {busy(U::ups, 0), busy(U::cm_write_m, 2)}},
    {O::vsrs_bm_w,
     "vsrs",
     kSt,
     {at(w, 4)},
     {at(bm, 1), at(s, 1)},
     {busy(U::cm_read_m, 0), busy(U::upper_srs, 0), busy(U::w_write_a, 3)}},
    {O::vsrs_cm_w,
     "vsrs",
     kSt,
     {at(w, 4)},
     {at(cm, 1), at(s, 1)},
     {busy(U::cm_read_m, 0), busy(U::upper_srs, 0), busy(U::w_write_a, 3)}},
    {O::vsrs_cm_x,
     "vsrs",
     kSt,
     {at(x, 4)},
     {at(cm, 1), at(s, 1)},
     {busy(U::cm_read_m, 0), busy(U::upper_srs, 0), busy(U::w_write_a, 3)}},
    {O::vsrsm,
     "vsrsm",
     kMv,
     {at(w, 4)},
     {at(bm, 1), at(s, 1)},
     {busy(U::cm_read_m, 0), busy(U::upper_srs, 0), busy(U::w_write_m, 3)}},
    {O::vconv_fp32_bf16, "vconv.fp32.bf16", kMv, {at(bm, 2)}, {at(w, 1)}, {busy(U::cm_write_m, 1)}},
    {O::vconv_bf16_fp32,
     "vconv.bf16.fp32",
     kSt,
     {at(w, 2)},
     {at(bm, 1)},
     {busy(U::cm_read_m, 0), busy(U::w_write_a, 1)}},
    {O::vfloor,
     "vfloor",
     kSt,
     {at(x, 2)},
     {at(w, 1), at(s, 1)},
     {busy(U::w_read_s, 0), busy(U::w_write_a, 1)}},
    {O::vfloor_am,
     "vfloor",
     kSt,
     {at(x, 2)},
     {at(am, 1), at(s, 1)},
     {busy(U::cm_read_m, 0), busy(U::w_write_a, 1)}},
    {O::vpack, "vpack", kSt, {at(w, 2)}, {at(x, 1)}, {busy(U::w_read_s, 0), busy(U::w_write_a, 1)}},
    {O::vunpack, "vunpack", kLdb, {at(x, 7)}, {at(w, 7)}, {busy(U::w_read_s, 6)}},
};

}  // namespace

std::span<const OpcodeInfo> vector_rows() {
  return kRows;
}

}  // namespace sotto::npu::core::rows
