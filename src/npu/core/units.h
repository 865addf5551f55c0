// What instructions share besides slots: ports of the register files, the two memory interfaces and
// the converters. Source: llvm-aie AIE2Schedule.td, its functional units and instruction stages.
#pragma once

#include <cstdint>

namespace sotto::npu::core {

enum class Unit : uint8_t {
  // Memory.
  load_a,         ///< the interface of lda; ldb has its own
  store,          ///< the interface of st
  part_word,      ///< an 8- or 16-bit store reads, then writes: others keep away for 7 cycles
  processor_bus,  ///< the tile's memory map
  semaphore,      ///< the lock unit; streams and cascade keep away from it
  // Converters.
  ups,
  upper_srs,
  // Ports: file, read or write, and the letter of the path (a: loads, m: mv slot, s: stores, …).
  r_read_v,
  r_write_x,
  r_write_a,
  rs_write_m,
  p_read_m,
  p_write,
  m_write,
  dn_write,
  dj_write,
  dc_write,
  w_read_s,
  w_write_a,
  w_write_m,
  cm_read_m,
  cm_write_a,
  cm_write_m,
};
inline constexpr int kUnits = static_cast<int>(Unit::cm_write_m) + 1;
inline constexpr const char* kUnitNames[kUnits] = {"load interface",
                                                   "store interface",
                                                   "part-word stores",
                                                   "processor bus",
                                                   "lock unit",
                                                   "UPS",
                                                   "SRS",
                                                   "reads of r (v)",
                                                   "writes of r (alu)",
                                                   "writes of r (lda)",
                                                   "writes of r (mv)",
                                                   "reads of p (mv)",
                                                   "writes of p",
                                                   "writes of m",
                                                   "writes of dn",
                                                   "writes of dj",
                                                   "writes of dc",
                                                   "reads of w (st)",
                                                   "writes of w (lda)",
                                                   "writes of w (mv)",
                                                   "reads of cm (mv, st)",
                                                   "writes of cm (vec)",
                                                   "writes of cm (mv, lda)"};

/// `unit` is busy from `cycle` (0 = the bundle's own cycle) for `cycles`.
struct Reservation {
  Unit unit{};
  int8_t cycle = 0;
  int8_t cycles = 1;
  bool yields = false;  ///< keeps away from a holder, but two that yield do not disturb each other
};

}  // namespace sotto::npu::core
