// The core's control registers, locks, events and identity, by the names that Peano's headers give
// them (llvm-aie: aiev2_locks.h, aiev2_set_mode.h).
#pragma once

#include "npu/kernels/host/core_ports.h"
#include "types.hpp"

// --- control registers

inline void set_rnd(unsigned mode) {
  sotto::npu::host::core().rounding = static_cast<sotto::npu::host::Rounding>(mode);
}
inline unsigned get_rnd() {
  return static_cast<unsigned>(sotto::npu::host::core().rounding);
}
inline void set_satmode(unsigned mode) {
  sotto::npu::host::core().saturation = static_cast<sotto::npu::host::Saturation>(mode);
}
inline unsigned get_satmode() {
  return static_cast<unsigned>(sotto::npu::host::core().saturation);
}
inline void set_sat() {
  set_satmode(1);
}
inline void set_symsat() {
  set_satmode(3);
}
inline void clr_sat() {
  set_satmode(0);
}
inline unsigned get_sat() {
  return get_satmode();
}

inline constexpr unsigned rnd_floor = 0;
inline constexpr unsigned rnd_ceil = 1;
inline constexpr unsigned rnd_sym_floor = 2;
inline constexpr unsigned rnd_sym_ceil = 3;
inline constexpr unsigned rnd_neg_inf = 8;
inline constexpr unsigned rnd_pos_inf = 9;
inline constexpr unsigned rnd_sym_zero = 10;
inline constexpr unsigned rnd_sym_inf = 11;
inline constexpr unsigned rnd_conv_even = 12;
inline constexpr unsigned rnd_conv_odd = 13;

// --- locks. The forms with `condition` do nothing where it is zero.

inline void acquire_greater_equal(unsigned id, unsigned value) {
  sotto::npu::host::ports("acquire_greater_equal")
      .acquire_greater_equal(id, static_cast<int>(value));
}
inline void acquire_greater_equal(unsigned id, unsigned value, unsigned condition) {
  if (condition != 0) acquire_greater_equal(id, value);
}
inline void acquire_equal(unsigned id, unsigned value) {
  sotto::npu::host::ports("acquire_equal").acquire_equal(id, static_cast<int>(value));
}
inline void acquire_equal(unsigned id, unsigned value, int condition) {
  if (condition != 0) acquire_equal(id, value);
}
inline void release(unsigned id, int value) {
  sotto::npu::host::ports("release").release(id, value);
}
inline void release(unsigned id, int value, int condition) {
  if (condition != 0) release(id, value);
}

// --- events, cycles, identity

// Events only mark the trace: without a simulator there is none, and nothing is lost.
#define SOTTO_AIE_EVENT(n)                           \
  inline void event##n() {                           \
    if (sotto::npu::host::core().ports != nullptr) { \
      sotto::npu::host::core().ports->event(n);      \
    }                                                \
  }
SOTTO_AIE_EVENT(0)
SOTTO_AIE_EVENT(1)
SOTTO_AIE_EVENT(2)
SOTTO_AIE_EVENT(3)
#undef SOTTO_AIE_EVENT

inline uint64 get_cycles() {
  return sotto::npu::host::ports("get_cycles").cycles();
}
/// Row in bits 0 … 4, column in bits 16 … 22 (aie_api, detail/aie2/tile.hpp).
inline int get_coreid() {
  sotto::npu::host::CorePorts& ports = sotto::npu::host::ports("get_coreid");
  return static_cast<int>(ports.row() | ports.column() << 16);
}

namespace aie {

struct tile_id {
  std::uint16_t row;
  std::uint16_t col;
};

/// The core that runs this code.
class tile {
 public:
  static tile current() { return {}; }

  tile_id global_id() const {
    sotto::npu::host::CorePorts& ports = sotto::npu::host::ports("tile::global_id");
    return {static_cast<std::uint16_t>(ports.row()), static_cast<std::uint16_t>(ports.column())};
  }
  /// Counted from the array's row 3, as aie_api does on every device.
  tile_id id() const {
    const tile_id global = global_id();
    return {static_cast<std::uint16_t>(global.row - 3), global.col};
  }
  uint64 cycles() const { return get_cycles(); }
  void set_saturation(saturation_mode mode) const { aie::set_saturation(mode); }
  saturation_mode get_saturation() const { return aie::get_saturation(); }
  void set_rounding(rounding_mode mode) const { aie::set_rounding(mode); }
  rounding_mode get_rounding() const { return aie::get_rounding(); }
};

}  // namespace aie
