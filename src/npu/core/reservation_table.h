// Which slots, units and banks are taken in which cycle. In a modulo schedule the cycles wrap at
// the initiation interval; in straight code they do not.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "npu/core/loop.h"

namespace sotto::npu::core {

class ReservationTable {
 public:
  /// `interval` 0: straight code.
  ReservationTable(const Loop& loop, int interval);

  /// Puts the operation into this cycle if a slot is free, or becomes free by moving another member
  /// of a family to its second choice.
  bool place(int operation, int cycle);
  void remove(int operation);

  /// Operations to remove so that place() succeeds: the fewest over the choices of the operation.
  /// Empty when none would help.
  std::vector<int> blockers(int operation, int cycle) const;

  bool placed(int operation) const { return cycles_[static_cast<size_t>(operation)].has_value(); }
  int cycle(int operation) const { return *cycles_[static_cast<size_t>(operation)]; }
  Opcode opcode(int operation) const { return opcodes_[static_cast<size_t>(operation)]; }

 private:
  /// Who holds something in one cycle.
  struct Row {
    std::array<int, kSlots> slots;  ///< operation or −1
    std::array<std::vector<int>, kUnits> units;
    std::array<std::vector<int>, kUnits> yields;
    std::vector<int> banks;  ///< operations that access a known bank
  };

  size_t row_of(int cycle) const;
  Row& row(int cycle);
  const Row* find_row(int cycle) const;
  /// Appends whoever is in the way of `opcode`; false when it is in its own way.
  bool collect(int operation, int cycle, Opcode opcode, std::vector<int>& out) const;
  bool fits(int operation, int cycle, Opcode opcode) const;
  void take(int operation, int cycle, Opcode opcode);
  bool place_by_moving(int operation, int cycle, Opcode opcode);
  int bank_of(int operation) const;

  const Loop& loop_;
  int interval_;
  std::vector<Row> rows_;
  std::vector<std::optional<int>> cycles_;  ///< by operation
  std::vector<Opcode> opcodes_;
  std::vector<std::vector<Opcode>> usable_;
};

}  // namespace sotto::npu::core
