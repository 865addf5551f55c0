#include "npu/core/return.h"

#include <algorithm>
#include <vector>

#include "npu/core/formats.h"
#include "npu/core/hardware_loop.h"
#include "npu/core/registers.h"

namespace sotto::npu::core {
namespace {

/// From issue to access of plain loads and stores, the earliest of all (opcodes_memory.cc).
constexpr int kFirstAccess = 5;

/// The first bundle of the caller that the instruction in bundle `at` cannot meet.
int done(const Instruction& made, int at) {
  const OpcodeInfo& row = info(made.opcode);
  int bundle = at + 1;
  for (const Timing& def : signature(made.opcode, made.mode).defs) {
    bundle = std::max(bundle, at + def.cycle);
  }
  if (row.memory != MemoryUse::none)
    bundle = std::max(bundle, at + row.memory_cycle - kFirstAccess + 1);
  return bundle;
}

/// Where the caller goes on at the earliest. The last trips of loops pass their bundles last.
int end_of(const Image& image) {
  int end = static_cast<int>(image.bundles.size());
  for (size_t at = 0; at < image.bundles.size(); ++at) {
    for (const Instruction& made : image.bundles[at].instructions) {
      end = std::max(end, done(made, static_cast<int>(at)));
    }
  }
  return end;
}

std::vector<int> returns_of(const Image& image) {
  std::vector<int> found;
  for (size_t at = 0; at < image.bundles.size(); ++at) {
    for (const Instruction& made : image.bundles[at].instructions) {
      if (made.opcode == Opcode::ret) found.push_back(static_cast<int>(at));
    }
  }
  return found;
}

bool has_room(const Image& image, int at) {
  if (at >= static_cast<int>(image.bundles.size())) return true;
  const SlotSet taken = image.bundles[static_cast<size_t>(at)].slots(),
                own = info(Opcode::ret).slot;
  return !taken.meets(own) && bundle_bytes(taken | own) > 0;
}

}  // namespace

void add_return(Image& image) {
  int at = std::max(0, end_of(image) - kDelaySlots - 1);
  for (const Repeat& loop : image.loops) at = std::max(at, loop.last + 1);
  while (!has_room(image, at)) ++at;
  image.bundles.resize(
      static_cast<size_t>(std::max(at + kDelaySlots + 1, static_cast<int>(image.bundles.size()))));
  Bundle& bundle = image.bundles[static_cast<size_t>(at)];
  bundle.instructions.push_back({.opcode = Opcode::ret, .uses = {{RegisterClass::lr, 0}}});
  bundle.bytes = bundle_bytes(bundle.slots());
}

int beside_return(const Image& image) {
  const std::vector<int> returns = returns_of(image);
  if (returns.empty()) return 0;
  const auto others = [](const Bundle& bundle) {
    return std::any_of(bundle.instructions.begin(), bundle.instructions.end(),
                       [](const Instruction& made) { return made.opcode != Opcode::ret; });
  };
  const auto last = std::find_if(image.bundles.rbegin(), image.bundles.rend(), others);
  return std::max(0, static_cast<int>(image.bundles.rend() - last) - returns[0]);
}

std::string problem_of_return(const Image& image) {
  const int last = static_cast<int>(image.bundles.size()) - kDelaySlots - 1;
  const std::vector<int> returns = returns_of(image);
  if (returns.empty()) return "";
  if (returns.size() > 1) return "there are two returns";
  if (returns[0] != last) return "the return is not before its delay slots";
  for (const Repeat& loop : image.loops) {
    if (loop.last >= last) return "the return is in a loop";
  }
  return end_of(image) > static_cast<int>(image.bundles.size())
             ? "the caller meets what is under way"
             : "";
}

}  // namespace sotto::npu::core
