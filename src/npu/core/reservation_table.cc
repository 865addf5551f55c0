#include "npu/core/reservation_table.h"

#include <algorithm>

#include "base/error.h"

namespace sotto::npu::core {
namespace {

void erase(std::vector<int>& from, int operation) {
  from.erase(std::remove(from.begin(), from.end(), operation), from.end());
}

}  // namespace

ReservationTable::ReservationTable(const Loop& loop, int interval)
    : loop_(loop),
      interval_(interval),
      cycles_(loop.operations.size()),
      opcodes_(loop.operations.size(), Opcode::nop) {
  for (const Operation& operation : loop.operations) {
    std::vector<Opcode> fitting;
    for (const Opcode choice : choices(operation.opcode)) {
      if (encodable(choice, operation.mode, operation.immediate)) fitting.push_back(choice);
    }
    usable_.push_back(std::move(fitting));
  }
}

size_t ReservationTable::row_of(int cycle) const {
  if (interval_ > 0) return static_cast<size_t>(((cycle % interval_) + interval_) % interval_);
  SOTTO_CHECK(cycle >= 0);
  return static_cast<size_t>(cycle);
}

ReservationTable::Row& ReservationTable::row(int cycle) {
  const size_t index = row_of(cycle);
  while (rows_.size() <= index) {
    rows_.emplace_back();
    rows_.back().slots.fill(-1);
  }
  return rows_[index];
}

const ReservationTable::Row* ReservationTable::find_row(int cycle) const {
  const size_t index = row_of(cycle);
  return index < rows_.size() ? &rows_[index] : nullptr;
}

int ReservationTable::bank_of(int operation) const {
  const std::optional<Access>& access = loop_.operations[static_cast<size_t>(operation)].access;
  return access ? access->bank : kAnyBank;
}

bool ReservationTable::collect(int operation, int cycle, Opcode opcode,
                               std::vector<int>& out) const {
  const OpcodeInfo& row_info = info(opcode);
  if (const Row* const here = find_row(cycle)) {
    const SlotSet wanted = occupied_by(row_info.slot);
    for (int slot = 0; slot < kSlots; ++slot) {
      const int holder = here->slots[static_cast<size_t>(slot)];
      if (holder >= 0 && wanted.meets(occupied_by(static_cast<Slot>(slot)))) out.push_back(holder);
    }
  }
  std::array<std::vector<size_t>, kUnits> own;
  for (const Reservation& use : row_info.units) {
    for (int i = 0; i < use.cycles; ++i) {
      const int when = cycle + use.cycle + i;
      std::vector<size_t>& mine = own[static_cast<size_t>(use.unit)];
      if (!use.yields && std::count(mine.begin(), mine.end(), row_of(when)) > 0) return false;
      if (!use.yields) mine.push_back(row_of(when));
      const Row* const there = find_row(when);
      if (there == nullptr) continue;
      const auto& holders = there->units[static_cast<size_t>(use.unit)];
      out.insert(out.end(), holders.begin(), holders.end());
      if (use.yields) continue;
      const auto& polite = there->yields[static_cast<size_t>(use.unit)];
      out.insert(out.end(), polite.begin(), polite.end());
    }
  }
  if (bank_of(operation) != kAnyBank) {
    if (const Row* const there = find_row(cycle + row_info.memory_cycle)) {
      for (const int other : there->banks) {
        if (bank_of(other) == bank_of(operation)) out.push_back(other);
      }
    }
  }
  return true;
}

bool ReservationTable::fits(int operation, int cycle, Opcode opcode) const {
  std::vector<int> in_the_way;
  return collect(operation, cycle, opcode, in_the_way) && in_the_way.empty();
}

void ReservationTable::take(int operation, int cycle, Opcode opcode) {
  const OpcodeInfo& row_info = info(opcode);
  row(cycle).slots[static_cast<size_t>(row_info.slot)] = operation;
  for (const Reservation& use : row_info.units) {
    for (int i = 0; i < use.cycles; ++i) {
      Row& there = row(cycle + use.cycle + i);
      (use.yields ? there.yields : there.units)[static_cast<size_t>(use.unit)].push_back(operation);
    }
  }
  if (bank_of(operation) != kAnyBank) {
    row(cycle + row_info.memory_cycle).banks.push_back(operation);
  }
  cycles_[static_cast<size_t>(operation)] = cycle;
  opcodes_[static_cast<size_t>(operation)] = opcode;
}

void ReservationTable::remove(int operation) {
  const int from = cycle(operation);
  const OpcodeInfo& row_info = info(opcode(operation));
  row(from).slots[static_cast<size_t>(row_info.slot)] = -1;
  for (const Reservation& use : row_info.units) {
    for (int i = 0; i < use.cycles; ++i) {
      Row& there = row(from + use.cycle + i);
      erase((use.yields ? there.yields : there.units)[static_cast<size_t>(use.unit)], operation);
    }
  }
  if (bank_of(operation) != kAnyBank) erase(row(from + row_info.memory_cycle).banks, operation);
  cycles_[static_cast<size_t>(operation)].reset();
}

bool ReservationTable::place_by_moving(int operation, int cycle, Opcode opcode) {
  std::vector<int> in_the_way;
  if (!collect(operation, cycle, opcode, in_the_way) || in_the_way.size() != 1) return false;
  const int other = in_the_way[0];
  const int its_cycle = this->cycle(other);
  const Opcode its_opcode = this->opcode(other);
  remove(other);
  if (fits(operation, cycle, opcode)) {
    take(operation, cycle, opcode);
    for (const Opcode choice : usable_[static_cast<size_t>(other)]) {
      if (choice == its_opcode || !fits(other, its_cycle, choice)) continue;
      take(other, its_cycle, choice);
      return true;
    }
    remove(operation);
  }
  take(other, its_cycle, its_opcode);
  return false;
}

bool ReservationTable::place(int operation, int cycle) {
  for (const Opcode choice : usable_[static_cast<size_t>(operation)]) {
    if (!fits(operation, cycle, choice)) continue;
    take(operation, cycle, choice);
    return true;
  }
  for (const Opcode choice : usable_[static_cast<size_t>(operation)]) {
    if (place_by_moving(operation, cycle, choice)) return true;
  }
  return false;
}

std::vector<int> ReservationTable::blockers(int operation, int cycle) const {
  std::vector<int> fewest;
  for (const Opcode choice : usable_[static_cast<size_t>(operation)]) {
    std::vector<int> in_the_way;
    if (!collect(operation, cycle, choice, in_the_way)) continue;
    std::sort(in_the_way.begin(), in_the_way.end());
    in_the_way.erase(std::unique(in_the_way.begin(), in_the_way.end()), in_the_way.end());
    if (fewest.empty() || in_the_way.size() < fewest.size()) fewest = in_the_way;
  }
  return fewest;
}

}  // namespace sotto::npu::core
