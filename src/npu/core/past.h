// What runs before a place in the code leaves behind it, and what may therefore stand there.
#pragma once

#include <array>
#include <climits>
#include <vector>

#include "npu/core/program.h"
#include "npu/core/units.h"

namespace sotto::npu::core {

/// Whether an instruction does more than write registers: it stores, sets rounding or saturation,
/// or jumps. Behind a jump out of the call it waits until that is decided; before one it is over.
/// What goes to the stack is gone with the call.
bool has_effects(const Instruction& made);

/// Times are bundles.
class Past {
 public:
  /// Shared units are told apart from `first` on, for so many bundles.
  Past(int first, int bundles);

  void add(const Instruction& made, int time);
  bool allows(const Instruction& made, int time) const;

 private:
  static constexpr int kLongAgo = INT_MIN / 2;
  static constexpr int kBypasses = 3;
  struct RegisterUnit {
    /// The first time at which a read through this bypass sees the last write.
    std::array<int, kBypasses> seen{kLongAgo, kLongAgo, kLongAgo};
    int read = kLongAgo, written = kLongAgo;
  };
  struct Busy {
    int holders = 0, yields = 0;
  };

  const Busy* busy_at(int time, Unit unit) const;
  bool registers_allow(const Instruction& made, int time) const;
  bool memory_allows(const Instruction& made, int time) const;
  bool units_allow(const Instruction& made, int time) const;

  std::vector<RegisterUnit> units_;
  int loaded_ = kLongAgo, stored_ = kLongAgo;
  int control_ = kLongAgo, any_ = kLongAgo;  ///< a control register was set; anything was issued
  int effect_ = kLongAgo;                    ///< something with effects was issued
  int decided_ = kLongAgo;                   ///< behind the delay slots of a jump out of the call
  int first_;
  std::vector<std::array<Busy, kUnits>> busy_;
};

}  // namespace sotto::npu::core
