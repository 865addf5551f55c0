#include "npu/core/bounds.h"

#include <algorithm>
#include <array>

#include "base/error.h"

namespace sotto::npu::core {
namespace {

/// Slots that an operation may occupy, and units that it reserves whichever it takes.
struct Demand {
  SlotSet slots;
  bool is_long = true;  ///< every choice takes alu and mv together
  std::array<int, kUnits> units{};
};

Demand demand_of(const Operation& operation) {
  Demand demand;
  bool first = true;
  for (const Opcode choice : choices(operation.opcode)) {
    if (!encodable(choice, operation.mode, operation.immediate)) continue;
    const OpcodeInfo& row = info(choice);
    demand.slots = demand.slots | occupied_by(row.slot);
    demand.is_long = demand.is_long && row.slot == Slot::lng;
    std::array<int, kUnits> units{};
    for (const Reservation& use : row.units) {
      if (!use.yields) units[static_cast<size_t>(use.unit)] += use.cycles;
    }
    for (size_t i = 0; i < units.size(); ++i) {
      demand.units[i] = first ? units[i] : std::min(demand.units[i], units[i]);
    }
    first = false;
  }
  return demand;
}

std::string slot_names(SlotSet slots) {
  std::string names;
  for (int slot = 0; slot < kSlots - 1; ++slot) {
    if (!slots.has(static_cast<Slot>(slot))) continue;
    names += concat(names.empty() ? "" : "+", kSlotNames[slot]);
  }
  return names;
}

/// Hall's theorem: the operations confined to a set of slots need as many slot cycles.
void bound_slots(const std::vector<Demand>& demands, Bounds& bounds) {
  constexpr int kShort = kSlots - 1;
  for (int bits = 1; bits < 1 << kShort; ++bits) {
    const SlotSet set(static_cast<uint8_t>(bits));
    int need = 0, width = 0;
    for (int slot = 0; slot < kShort; ++slot) width += set.has(static_cast<Slot>(slot));
    for (const Demand& demand : demands) {
      const SlotSet slots(static_cast<uint8_t>(demand.slots.bits & ((1 << kShort) - 1)));
      if (slots.within(set)) need += demand.is_long ? 2 : 1;
    }
    const int interval = (need + width - 1) / width;
    if (interval > bounds.resources) {
      bounds.resources = interval;
      bounds.binding = slot_names(set);
    }
  }
}

void bound_units(const std::vector<Demand>& demands, Bounds& bounds) {
  for (int unit = 0; unit < kUnits; ++unit) {
    int need = 0;
    for (const Demand& demand : demands) need += demand.units[static_cast<size_t>(unit)];
    if (need > bounds.resources) {
      bounds.resources = need;
      bounds.binding = kUnitNames[unit];
    }
  }
}

void bound_banks(const Loop& loop, Bounds& bounds) {
  std::vector<int> accesses;
  for (const Operation& operation : loop.operations) {
    if (!operation.access || operation.access->bank == kAnyBank) continue;
    const size_t bank = static_cast<size_t>(operation.access->bank);
    accesses.resize(std::max(accesses.size(), bank + 1));
    ++accesses[bank];
  }
  for (size_t bank = 0; bank < accesses.size(); ++bank) {
    if (accesses[bank] <= bounds.resources) continue;
    bounds.resources = accesses[bank];
    bounds.binding = concat("bank ", bank);
  }
}

int bound_recurrences(int operations, const std::vector<Edge>& edges) {
  int most = 1;
  for (const Edge& edge : edges) most += std::max(edge.latency, 0);
  int low = 1, high = most;
  while (low < high) {
    const int middle = (low + high) / 2;
    if (Distances(operations, edges, middle).feasible()) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

Bounds bounds_of(const Loop& loop, const std::vector<Edge>& edges) {
  std::vector<Demand> demands;
  for (const Operation& operation : loop.operations) demands.push_back(demand_of(operation));
  Bounds bounds;
  bounds.binding = "the loop itself";
  bound_slots(demands, bounds);
  bound_units(demands, bounds);
  bound_banks(loop, bounds);
  bounds.recurrences = bound_recurrences(static_cast<int>(loop.operations.size()), edges);
  return bounds;
}

}  // namespace sotto::npu::core
