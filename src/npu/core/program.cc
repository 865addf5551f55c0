#include "npu/core/program.h"

#include "npu/core/formats.h"

namespace sotto::npu::core {

SlotSet Bundle::slots() const {
  SlotSet taken;
  for (const Instruction& instruction : instructions) {
    taken = taken | SlotSet(info(instruction.opcode).slot);
  }
  return taken;
}

bool has_room(const std::vector<Bundle>& bundles, int at, Opcode opcode) {
  return at >= static_cast<int>(bundles.size()) ||
         fit_together(bundles[static_cast<size_t>(at)].slots(), info(opcode).slot);
}

int Program::bytes() const {
  int sum = 0;
  for (const Bundle& bundle : bundles) sum += bundle.bytes;
  return sum;
}

int64_t Program::cycles() const {
  const int64_t once = static_cast<int64_t>(bundles.size());
  if (!loop) return once;
  return once + (loop->trips - 1) * (loop->last - loop->first + 1);
}

}  // namespace sotto::npu::core
