// Loads, stores and pointer additions.
#include "npu/core/opcode_rows.h"

namespace sotto::npu::core::rows {
namespace {

constexpr Reservation kNoPartWord = avoids(U::part_word, 0);
// SRS and CONV delay a store by two cycles.
constexpr Reservation kNoPartWordLate = avoids(U::part_word, 2);
constexpr ImmediateRange k3x32{3, 32}, k4x32{4, 32}, k6x32{6, 32}, k7x32{7, 32}, k6x16{6, 16},
    k7x16{7, 16}, k6x4{6, 4}, k7x4{7, 4}, k3x1{3, 1}, k4x1{4, 1}, k10x4{10, 4}, k9x4{9, 4},
    k12x32{12, 32}, k13x32{13, 32}, kNone{};
constexpr uint8_t kPointerOnly = bit(AddressMode::offset);
constexpr uint8_t kAdditions = bit(AddressMode::increment) | bit(AddressMode::increment_m) |
                               bit(AddressMode::increment_2d) | bit(AddressMode::increment_3d);

/// Vector loads and stores; `offset` and `increment` are the constants of [p, #imm] and [p], #imm.
constexpr OpcodeInfo load(Opcode opcode, const char* name, Slot slot, FixedList<Timing, 2> defs,
                          FixedList<Timing, 5> uses, FixedList<Reservation, 9> units,
                          ImmediateRange offset, ImmediateRange increment, uint8_t modes) {
  return {opcode, name, slot, defs, uses, units, MemoryUse::load, 5, offset, increment, modes};
}
constexpr OpcodeInfo store(Opcode opcode, const char* name, FixedList<Timing, 5> uses,
                           FixedList<Reservation, 9> units, int8_t cycle, ImmediateRange offset,
                           ImmediateRange increment, uint8_t modes) {
  return {opcode, name, kSt, {}, uses, units, MemoryUse::store, cycle, offset, increment, modes};
}
constexpr OpcodeInfo addition(Opcode opcode, const char* name, Slot slot,
                              ImmediateRange constants) {
  return {opcode, name, slot, {}, {}, {}, MemoryUse::none, 0, kNone, constants, kAdditions};
}

constexpr OpcodeInfo addition_to_sp(Opcode opcode, const char* name, Slot slot,
                                    ImmediateRange constants) {
  return {opcode, name, slot, {at(sp, 1)}, {at(sp, 1)}, {}, MemoryUse::none, 0, constants};
}

/// A scalar load into a file with its own write port.
constexpr OpcodeInfo scalar_load(Opcode opcode, RegisterClass cls, Unit port) {
  return load(opcode, "lda", kLda, {at(cls, 7)}, {},
              {kNoPartWord, busy(U::load_a, 1), busy(port, 6)}, k6x4, k7x4, kWithStack);
}

constexpr OpcodeInfo kRows[] = {
    load(O::vlda, "vlda", kLda, {at(w, 7)}, {},
         {kNoPartWord, busy(U::load_a, 1), busy(U::w_write_a, 6)}, k6x32, k7x32, kWithStack),
    load(O::vldb, "vldb", kLdb, {at(w, 7)}, {}, {kNoPartWord}, k3x32, k4x32, kPlain),
    load(O::vlda_128, "vlda.128", kLda, {at(w, 7)}, {},
         {kNoPartWord, busy(U::load_a, 1), busy(U::w_write_a, 6)}, kNone, kNone, kPointerOnly),
    load(O::vldb_128, "vldb.128", kLdb, {at(w, 7)}, {}, {kNoPartWord}, kNone, kNone, kNoConstants),
    load(O::vlda_am, "vlda", kLda, {at(am, 7)}, {},
         {kNoPartWord, busy(U::load_a, 1), busy(U::cm_write_m, 6)}, k6x32, k7x32, kWithStack),
    load(O::vlda_ups_bm, "vlda.ups", kLda, {at(bm, 9)}, {at(s, 7)},
         {kNoPartWord, busy(U::load_a, 1), busy(U::ups, 6), busy(U::cm_write_m, 8)}, k3x32, k4x32,
         kPlain),
    load(O::vlda_ups_cm, "vlda.ups", kLda, {at(cm, 9)}, {at(s, 7)},
         {kNoPartWord, busy(U::load_a, 1), busy(U::ups, 6), busy(U::cm_write_m, 8)}, k3x32, k4x32,
         kPlain),
    load(O::vlda_conv, "vlda.conv.fp32.bf16", kLda, {at(bm, 7)}, {},
         {kNoPartWord, busy(U::load_a, 1), busy(U::cm_write_m, 6)}, k3x32, k4x32, kPlain),
    load(O::vldb_unpack, "vldb.unpack", kLdb, {at(x, 7)}, {}, {kNoPartWord}, kNone, kNone,
         kNoConstants),
    // Looks up four 64-bit entries whose addresses are lanes of its operand.
    {O::vldb_4x,
     "vldb",
     kLdb,
     {at(w, 7)},
     {at(w, 1)},
     {kNoPartWord, busy(U::w_read_s, 0), busy(U::load_a, 1)},
     MemoryUse::load,
     5},
    scalar_load(O::lda, r, U::r_write_a),
    scalar_load(O::lda_p, p, U::p_write),
    scalar_load(O::lda_m, m, U::m_write),
    scalar_load(O::lda_dn, dn, U::dn_write),
    scalar_load(O::lda_dj, dj, U::dj_write),
    scalar_load(O::lda_dc, dc, U::dc_write),
    load(O::lda_part, "lda", kLda, {at(r, 7)}, {},
         {kNoPartWord, busy(U::load_a, 1), busy(U::r_write_a, 6)}, k3x1, k4x1, kPlain),
    load(O::lda_q, "lda", kLda, {at(q, 7)}, {}, {kNoPartWord, busy(U::load_a, 1)}, k6x16, k7x16,
         kWithStack),
    load(O::lda_tm, "lda.tm", kLda, {at(r, 7)}, {},
         {busy(U::processor_bus, 0), busy(U::load_a, 1), busy(U::r_write_a, 6)}, kNone, kNone,
         kPointerOnly),
    store(O::vst, "vst", {at(w, 1)}, {kNoPartWord, busy(U::w_read_s, 0), busy(U::store, 1)}, 5,
          k6x32, k7x32, kWithStack),
    store(O::vst_128, "vst.128", {at(w, 1)}, {kNoPartWord, busy(U::w_read_s, 0), busy(U::store, 1)},
          5, k6x32, k7x32, kPlain),
    store(O::vst_am, "vst", {at(am, 1)}, {kNoPartWord, busy(U::cm_read_m, 0), busy(U::store, 1)}, 5,
          k6x32, k7x32, kWithStack),
    store(O::vst_srs_bm, "vst.srs", {at(bm, 1), at(s, 1)},
          {busy(U::cm_read_m, 0), busy(U::upper_srs, 0), kNoPartWordLate, busy(U::store, 3)}, 7,
          k3x32, k4x32, kPlain),
    store(O::vst_srs_cm, "vst.srs", {at(cm, 1), at(s, 1)},
          {busy(U::cm_read_m, 0), busy(U::upper_srs, 0), kNoPartWordLate, busy(U::store, 3)}, 7,
          k3x32, k4x32, kPlain),
    store(O::vst_conv, "vst.conv.bf16.fp32", {at(bm, 1)},
          {busy(U::cm_read_m, 0), busy(U::store, 1), kNoPartWordLate}, 7, k3x32, k4x32, kPlain),
    store(O::vst_pack, "vst.pack", {at(x, 1)},
          {kNoPartWord, busy(U::w_read_s, 0), busy(U::store, 1)}, 5, k3x32, k4x32, kPlain),
    store(O::st, "st", {at(stored, 1)},
          {kNoPartWord, busy(U::r_read_v, 0), busy(U::p_read_m, 0), busy(U::store, 1)}, 5, k6x4,
          k7x4, kWithStack),
    // In the lda slot: it loads, merges and stores.
    {O::st_part,
     "st",
     kLda,
     {},
     {at(r, 7)},
     {busy(U::part_word, 0, 7), busy(U::load_a, 1), busy(U::r_write_a, 6), busy(U::r_read_v, 6),
      busy(U::store, 7)},
     MemoryUse::load_store,
     11,
     k3x1,
     k4x1,
     kPlain},
    store(O::st_q, "st", {at(q, 1)}, {kNoPartWord, busy(U::store, 1)}, 5, k6x16, k7x16, kWithStack),
    store(
        O::st_tm, "st.tm", {at(r, 1)},
        {busy(U::processor_bus, 0), busy(U::r_read_v, 0), busy(U::p_read_m, 0), busy(U::store, 1)},
        5, kNone, kNone, kPointerOnly),
    addition(O::padda, "padda", kLda, k10x4),
    addition(O::paddb, "paddb", kLdb, k9x4),
    addition(O::padds, "padds", kSt, k10x4),
    addition_to_sp(O::padda_sp, "padda", kLda, k13x32),
    addition_to_sp(O::paddb_sp, "paddb", kLdb, k12x32),
};

}  // namespace

std::span<const OpcodeInfo> memory_rows() {
  return kRows;
}

}  // namespace sotto::npu::core::rows
