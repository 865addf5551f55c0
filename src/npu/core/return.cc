#include "npu/core/return.h"

#include <algorithm>
#include <array>
#include <climits>
#include <vector>

#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/registers.h"

namespace sotto::npu::core {
namespace {

/// By unit: the first cycle in which any instruction holds it.
std::array<int, kUnits> first_holds() {
  std::array<int, kUnits> first;
  first.fill(INT_MAX / 2);
  for (int i = 0; i < kOpcodes; ++i) {
    for (const Opcode member : choices(static_cast<Opcode>(i))) {
      for (const Reservation& use : info(member).units) {
        int& earliest = first[static_cast<size_t>(use.unit)];
        earliest = std::min<int>(earliest, use.cycle);
      }
    }
  }
  return first;
}

/// Where the caller goes on at the earliest. The last trips of loops pass their bundles last.
int end_of(const Image& image) {
  int end = image.end();
  for (int at = 0; at < image.end(); ++at) {
    for (const Instruction& made : image.bundles[static_cast<size_t>(at)].instructions) {
      end = std::max(end, over(made, at));
    }
  }
  return end;
}

}  // namespace

int over(const Instruction& made, int at) {
  /// From issue to access of plain loads and stores, the earliest of all (opcodes_memory.cc).
  constexpr int kFirstAccess = 5;
  static const std::array<int, kUnits> first = first_holds();
  const OpcodeInfo& row = info(made.opcode);
  int bundle = at + 1;
  for (const Timing& def : signature(made.opcode, made.mode).defs) {
    bundle = std::max(bundle, at + def.cycle);
  }
  if (row.memory != MemoryUse::none)
    bundle = std::max(bundle, at + row.memory_cycle - kFirstAccess + 1);
  for (const Reservation& use : row.units) {
    bundle = std::max(bundle, at + use.cycle + use.cycles - first[static_cast<size_t>(use.unit)]);
  }
  return bundle;
}

void add_return(Image& image) {
  int at = std::max(0, end_of(image) - kDelaySlots - 1);
  for (const Repeat& loop : image.loops) at = std::max(at, loop.last + 1);
  for (const int jump : image.bundles_with(Opcode::jnz_leave)) {
    at = std::max(at, jump + kDelaySlots + 1);
  }
  while (!has_room(image.bundles, at, Opcode::ret)) ++at;
  image.bundles.resize(
      static_cast<size_t>(std::max(at + kDelaySlots + 1, static_cast<int>(image.bundles.size()))));
  Bundle& bundle = image.bundles[static_cast<size_t>(at)];
  bundle.instructions.push_back({.opcode = Opcode::ret, .uses = {{RegisterClass::lr, 0}}});
  bundle.bytes = bundle_bytes(bundle.slots());
}

int beside_return(const Image& image) {
  const std::vector<int> returns = image.bundles_with(Opcode::ret);
  if (returns.empty()) return 0;
  const auto others = [](const Bundle& bundle) {
    return std::any_of(bundle.instructions.begin(), bundle.instructions.end(),
                       [](const Instruction& made) { return made.opcode != Opcode::ret; });
  };
  int last = image.end();
  while (last > 0 && !others(image.bundles[static_cast<size_t>(last - 1)])) --last;
  return std::max(0, last - returns[0]);
}

std::string problem_of_return(const Image& image) {
  const int last = image.end() - kDelaySlots - 1;
  const std::vector<int> returns = image.bundles_with(Opcode::ret);
  if (returns.empty()) return "";
  if (returns.size() > 1) return "there are two returns";
  if (returns[0] != last) return "the return is not before its delay slots";
  for (const Repeat& loop : image.loops) {
    if (loop.last >= last) return "the return is in a loop";
  }
  return end_of(image) > image.end() ? "the caller meets what is under way" : "";
}

}  // namespace sotto::npu::core
