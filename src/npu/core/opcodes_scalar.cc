// Scalar arithmetic, constants, moves, control flow, locks, streams and cascade.
#include "npu/core/hardware_loop.h"
#include "npu/core/opcode_rows.h"

namespace sotto::npu::core::rows {
namespace {

constexpr ImmediateRange kNone{}, kSimm6{6, 1}, kSimm7{7, 1}, kSimm10{10, 1}, kSimm11{11, 1},
    kSimm32{32, 1};
constexpr MemoryUse kNoMemory = MemoryUse::none;
constexpr Reservation kWritesR = busy(U::r_write_x, 0);
constexpr Reservation kLocks = busy(U::semaphore, 1, 4);

constexpr OpcodeInfo unary(Opcode opcode, const char* name) {
  return {opcode, name, kAlu, {at(r, 1)}, {at(r, 1)}, {kWritesR}};
}
constexpr OpcodeInfo binary(Opcode opcode, const char* name) {
  return {opcode, name, kAlu, {at(r, 1)}, {at(r, 1), at(r, 1)}, {kWritesR}};
}
constexpr OpcodeInfo select(Opcode opcode, const char* name) {
  return {opcode, name, kAlu, {at(r, 1)}, {at(r, 1), at(r, 1), at(r27, 1)}, {kWritesR}};
}
/// A constant through the lda slot.
constexpr OpcodeInfo mova(Opcode opcode, RegisterClass cls, Unit port) {
  return {opcode, "mova", kLda, {at(cls, 1)}, {}, {busy(port, 0)}, kNoMemory, 0, kSimm11};
}
/// Constants, copies and sums through the mv slot also pass the write path of r.
constexpr FixedList<Reservation, 9> through_mv(Unit port) {
  if (port == U::rs_write_m) return {busy(port, 0)};
  return {busy(U::rs_write_m, 0), busy(port, 0)};
}
constexpr OpcodeInfo mov_imm(Opcode opcode, RegisterClass cls, Unit port) {
  return {opcode, "mov", kMv, {at(cls, 1)}, {}, through_mv(port), kNoMemory, 0, kSimm10};
}
constexpr OpcodeInfo movxm(Opcode opcode, RegisterClass cls, Unit port) {
  return {opcode, "movxm", kLng, {at(cls, 1)}, {}, through_mv(port), kNoMemory, 0, kSimm32};
}
constexpr OpcodeInfo add_nc(Opcode opcode, RegisterClass cls, Unit port) {
  return {opcode, "add.nc", kMv, {at(cls, 1)}, {at(r, 1)}, through_mv(port), kNoMemory, 0, kSimm6};
}
constexpr OpcodeInfo mov(Opcode opcode, RegisterClass cls, Unit port) {
  OpcodeInfo row{opcode, "mov", kMv, {at(cls, 1)}, {at(any_scalar, 1)}, through_mv(port)};
  row.units.push_back(busy(U::p_read_m, 0));
  return row;
}

constexpr OpcodeInfo kRows[] = {
    {O::nop, "nop", kAlu},
    binary(O::add, "add"),
    {O::add_imm, "add", kAlu, {at(r, 1)}, {at(r, 1)}, {kWritesR}, kNoMemory, 0, kSimm7},
    binary(O::sub, "sub"),
    {O::mul, "mul", kAlu, {at(r, 2)}, {at(r, 1), at(r, 1)}, {busy(U::r_write_x, 1)}},
    binary(O::and_, "and"),
    binary(O::or_, "or"),
    binary(O::xor_, "xor"),
    binary(O::lshl, "lshl"),
    binary(O::ashl, "ashl"),
    binary(O::lt, "lt"),
    binary(O::ltu, "ltu"),
    binary(O::ge, "ge"),
    binary(O::geu, "geu"),
    binary(O::eq, "eq"),
    binary(O::ne, "ne"),
    unary(O::eqz, "eqz"),
    unary(O::nez, "nez"),
    unary(O::abs, "abs"),
    unary(O::clz, "clz"),
    unary(O::clb, "clb"),
    unary(O::extend, "extend"),
    select(O::sel_eqz, "sel.eqz"),
    select(O::sel_nez, "sel.nez"),
    {O::divs, "divs", kAlu, {at(r, 1), at(r31, 1)}, {at(r31, 1), at(r, 1), at(r, 1)}, {kWritesR}},
    {O::movx, "movx", kAlu, {at(r, 1)}, {}, {kWritesR}, kNoMemory, 0, kSimm11},
    {O::movx_cr, "movx", kAlu, {at(cr, 1)}, {at(r, 1)}, {kWritesR}},
    mova(O::mova, r, U::r_write_a),
    mova(O::mova_p, p, U::p_write),
    mova(O::mova_m, m, U::m_write),
    mova(O::mova_dn, dn, U::dn_write),
    mova(O::mova_dj, dj, U::dj_write),
    mova(O::mova_dc, dc, U::dc_write),
    mov_imm(O::mov_imm, r, U::rs_write_m),
    mov_imm(O::mov_imm_p, p, U::p_write),
    mov_imm(O::mov_imm_m, m, U::m_write),
    mov_imm(O::mov_imm_dn, dn, U::dn_write),
    mov_imm(O::mov_imm_dj, dj, U::dj_write),
    mov_imm(O::mov_imm_dc, dc, U::dc_write),
    mov_imm(O::mov_imm_s, s, U::rs_write_m),
    movxm(O::movxm, r, U::rs_write_m),
    movxm(O::movxm_p, p, U::p_write),
    movxm(O::movxm_m, m, U::m_write),
    movxm(O::movxm_dn, dn, U::dn_write),
    movxm(O::movxm_dj, dj, U::dj_write),
    movxm(O::movxm_dc, dc, U::dc_write),
    movxm(O::movxm_s, s, U::rs_write_m),
    movxm(O::movxm_ls, ls, U::rs_write_m),
    movxm(O::movxm_le, le, U::rs_write_m),
    movxm(O::movxm_lc, lc, U::rs_write_m),
    mov(O::mov, r, U::rs_write_m),
    mov(O::mov_p, p, U::p_write),
    mov(O::mov_m, m, U::m_write),
    mov(O::mov_dn, dn, U::dn_write),
    mov(O::mov_dj, dj, U::dj_write),
    mov(O::mov_dc, dc, U::dc_write),
    mov(O::mov_cr, cr, U::rs_write_m),
    add_nc(O::add_nc, r, U::rs_write_m),
    add_nc(O::add_nc_p, p, U::p_write),
    add_nc(O::add_nc_m, m, U::m_write),
    add_nc(O::add_nc_dn, dn, U::dn_write),
    add_nc(O::add_nc_dj, dj, U::dj_write),
    add_nc(O::add_nc_dc, dc, U::dc_write),
    add_nc(O::add_nc_lc, lc, U::rs_write_m),

    // Constants of jumps are labels.
    {O::j, "j", kLng},
    {O::jl, "jl", kLng, {at(lr, 4)}, {}, {}},
    {O::jnz, "jnz", kLng, {}, {at(r, 1)}},
    {O::jnz_leave, "jnz", kLng, {}, {at(r, 1), at(r, kDelaySlots + 2)}},
    {O::jz, "jz", kLng, {}, {at(r, 1)}},
    {O::j_ind, "j", kAlu, {}, {at(p, 1)}, {busy(U::p_read_m, 0)}},
    {O::jl_ind, "jl", kAlu, {at(lr, 4)}, {at(p, 1)}, {busy(U::p_read_m, 0)}},
    {O::jnzd, "jnzd", kAlu, {at(r, 1)}, {at(r, 1), at(p, 1)}, {busy(U::p_read_m, 0)}},
    {O::ret, "ret", kAlu, {}, {at(lr, 1)}},
    {O::acq, "acq", kAlu, {}, {at(r, 1), at(r, 1)}, {kLocks}},
    {O::acq_cond, "acq.cond", kAlu, {}, {at(r, 1), at(r, 1), at(r26, 1)}, {kLocks}},
    {O::rel, "rel", kAlu, {}, {at(r, 1), at(r, 1)}, {kLocks}},
    {O::rel_cond, "rel.cond", kAlu, {}, {at(r, 1), at(r, 1), at(r26, 1)}, {kLocks}},
    {O::done, "done", kAlu},
    {O::mov_ss, "mov", kLda, {at(r, 7)}, {}, {avoids(U::semaphore, 0, 7), busy(U::r_write_a, 6)}},
    {O::mov_ms,
     "mov",
     kSt,
     {},
     {at(r, 1)},
     {busy(U::r_read_v, 0), busy(U::p_read_m, 0), avoids(U::semaphore, 1, 2)}},
    {O::vmov_scd,
     "vmov",
     kLda,
     {at(x, 7)},
     {},
     {avoids(U::semaphore, 1, 6), busy(U::w_write_a, 6), busy(U::cm_write_m, 6)}},
    {O::vmov_mcd, "vmov", kSt, {}, {at(x, 1)}, {busy(U::w_read_s, 0), avoids(U::semaphore, 1, 6)}},
};

static_assert(kNone.holds(0) && !kNone.holds(1));

}  // namespace

std::span<const OpcodeInfo> scalar_rows() {
  return kRows;
}

}  // namespace sotto::npu::core::rows
