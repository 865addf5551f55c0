// The control registers of one simulated AIE2 core, and which core the running code belongs to.
#pragma once

#include <cstdint>

namespace sotto::npu::host {

/// What crRnd says about bits that a conversion drops. The values are the register's on AIE2 (AMD
/// UG1583, "Mode Settings"). The first four always go one way, the others only on a tie.
enum class Rounding : std::uint8_t {
  floor = 0,            ///< towards -infinity; the value after reset
  ceil = 1,             ///< towards +infinity
  symmetric_floor = 2,  ///< towards zero
  symmetric_ceil = 3,   ///< away from zero
  negative_inf = 8,     ///< to nearest, ties towards -infinity
  positive_inf = 9,     ///< to nearest, ties towards +infinity
  symmetric_zero = 10,  ///< to nearest, ties towards zero
  symmetric_inf = 11,   ///< to nearest, ties away from zero
  conv_even = 12,       ///< to nearest, ties to even
  conv_odd = 13,        ///< to nearest, ties to odd
};

/// What crSat says about integers that do not fit.
enum class Saturation : std::uint8_t {
  none = 0,       ///< the upper bits are lost; the value after reset
  saturate = 1,   ///< -128 … 127 for eight bits
  symmetric = 3,  ///< -127 … 127 for eight bits
};

/// How a bfloat16 multiply-accumulate adds.
enum class MacModel : std::uint8_t {
  exact,      ///< bit for bit as the silicon (bf16_mac.h)
  plain_f32,  ///< one product after another in float32: how far would the results move?
};

/// Locks, streams and cascade of a core inside a simulated array (core_ports.h).
class CorePorts;

/// A core as it leaves reset. The registers are global to the core and survive calls: a kernel that
/// does not set the rounding gets floor, or what the kernel before it left behind.
struct CoreState {
  Rounding rounding = Rounding::floor;
  Saturation saturation = Saturation::none;
  MacModel mac_model = MacModel::exact;
  CorePorts* ports = nullptr;  ///< not owned; null for a core that is not part of an array
};

namespace detail {
inline constinit thread_local CoreState lone_core;
inline constinit thread_local CoreState* current_core = nullptr;
}  // namespace detail

/// The core that this thread is running code of: that of the innermost CoreScope, else one of the
/// thread's own.
inline CoreState& core() {
  return detail::current_core != nullptr ? *detail::current_core : detail::lone_core;
}

/// Makes `state` the current core of this thread until the end of the scope. A coroutine must not
/// suspend inside one: whoever resumes it opens the scope.
class CoreScope {
 public:
  explicit CoreScope(CoreState& state) : before_(detail::current_core) {
    detail::current_core = &state;
  }
  ~CoreScope() { detail::current_core = before_; }
  CoreScope(const CoreScope&) = delete;
  CoreScope& operator=(const CoreScope&) = delete;

 private:
  CoreState* before_;
};

}  // namespace sotto::npu::host
